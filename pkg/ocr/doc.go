// Package ocr recognises the text of page images with Tesseract.
//
// Tesseract is C++ that reads hostile bytes, so it never runs in the calling
// process: a Pool keeps child processes of the same binary under memory, CPU
// and wall-time limits. What crashes, hangs or eats memory costs one page, an
// *Error says how, and a new child takes the place.
//
//	func main() {
//		ocr.ChildMain() // first thing: does not return in a child process
//		…
//		pool, err := ocr.NewPool(ocr.Options{Children: 2, Identifier: identifier})
//		defer pool.Close()
//		page, err := pool.Recognize(ctx, image, ocr.Hints{Languages: []string{"som_Latn"}})
//		fmt.Println(page.Text(), page.Confidence, page.Rotation)
//	}
//
// Pages turned by 90, 180 or 270 degrees stand up by themselves, small skew
// is taken out, and without a language the script is found by trying the
// installed script models on a strip of the page.
package ocr

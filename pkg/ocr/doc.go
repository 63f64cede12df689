// Package ocr recognises the text of page images with Tesseract.
//
// Engines are C++ that reads hostile bytes, so they never run in the calling
// process: a Pool keeps child processes of the same binary under memory, CPU
// and wall-time limits. What crashes, hangs or eats memory costs one page, an
// *Error says how, and a new child takes the place. There are two, Tesseract
// as a library and as a command line; when the first of Options.Engines is
// missing or broken, the next one reads, and Page.Engine says which did.
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
// installed script models on a strip of the page, the language by identifying
// that strip. Options.Identifier confirms the language of what was read; if it
// has other models, the page is read once more.
//
// Confidences are probabilities, see package confidence.
//
// # Keeping results
//
// The same image gives the same page as long as four things stay: the SHA-256
// of the image; the engine and its version; the models (their SHA-256); and
// the settings: hints, limits, the version of the rules here. Pool.Identity
// tells the last three, and the four together are the key of a cache. Which
// models a page needs is known in part before it is read, the rest of them is
// Pool.Basis: keep it with the page, and read again when it has changed.
//
//	identity, err := pool.Identity(hints)
//	key := cache.Key{Image: sha256.Sum256(image), Engine: identity.Engine, Models: identity.Models, Settings: identity.Settings}
//
// A page whose Engine does not begin with identity.Engine was read by an
// engine that stood in, and is not kept; errors are not either. A Page goes
// through encoding/json without loss, but for Spent. Raw pages have no Identity.
package ocr

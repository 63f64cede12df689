package pdf

import (
	"fmt"
	"reflect"
	"testing"
)

// TestOutline checks bookmarks and page labels, those that go in a circle too.
func TestOutline(t *testing.T) {
	pool := NewPool(Options{})
	defer pool.Close()
	b := newBuilder()
	for range 3 {
		b.page(text("F1", 12, 60, 700, "Habari za mafuriko"), "", "")
	}
	first := len(b.objects) + 2 // after the outline's root
	root := b.add(fmt.Sprintf("<</Type/Outlines/First %d 0 R/Last %d 0 R/Count 3>>", first, first+1))
	b.add(fmt.Sprintf("<</Title(Utangulizi)/Parent %d 0 R/Next %d 0 R/Dest[%d 0 R/Fit]/First %d 0 R/Last %d 0 R>>", root, first+1, b.pages[0], first+2, first+2))
	b.add(fmt.Sprintf("<</Title<FEFF1230120B121D>/Parent %d 0 R/Next %d 0 R>>", root, first)) // ሰላም, back to the first
	b.add(fmt.Sprintf("<</Title(Maana)/Parent %d 0 R/Dest[%d 0 R/XYZ 0 700 0]>>", first, b.pages[2]))
	b.catalogue = fmt.Sprintf("/Outlines %d 0 R/PageLabels<</Nums[0<</S/r/St 4>>2<</S/D/P(A-)>>]>>", root)
	doc, err := pool.Open(t.Context(), b.bytes())
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	info := doc.Info()
	if want := []Bookmark{{1, "Utangulizi", 1}, {2, "Maana", 3}, {1, "ሰላም", 0}}; !reflect.DeepEqual(info.Outline, want) {
		t.Errorf("outline %+v, want %+v", info.Outline, want)
	}
	if want := []string{"iv", "v", "A-1"}; !reflect.DeepEqual(info.Labels, want) {
		t.Errorf("labels %q, want %q", info.Labels, want)
	}
}

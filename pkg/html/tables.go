package html

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A table cell longer than this, in bytes, holds running text: its table is
// there for the layout.
const maxCell = 600

// isDataTable says whether a table holds rows and columns of data and not the
// layout of a page: it has two rows and two columns or more, no table,
// heading, list or long text inside its cells.
func isDataTable(table *html.Node) bool {
	if role := attr(table, "role"); role == "presentation" || role == "none" {
		return false
	}
	rows, columns := 0, 0
	for n := range table.Descendants() {
		switch n.DataAtom {
		case atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.Ul, atom.Ol, atom.Pre, atom.Form, atom.Article:
			return false
		case atom.Tr:
			rows++
			columns = max(columns, len(cellsOf(n)))
		}
	}
	for n := range table.Descendants() {
		if (n.DataAtom == atom.Td || n.DataAtom == atom.Th) && len(textOf(n)) > maxCell {
			return false
		}
	}
	return rows >= 2 && columns >= 2
}

// table adds a data table and its caption.
func (s *segmenter) table(table *html.Node, at state) {
	at.chrome = at.chrome || isChrome(table)
	var rows []string
	linked := 0
	for n := range table.Descendants() {
		switch n.DataAtom {
		case atom.Caption:
			if text := textOf(n); text != "" {
				s.add(text, 0, state{kind: Caption, node: n, chrome: at.chrome, region: at.region})
			}
		case atom.A:
			linked += len(textOf(n))
		case atom.Tr:
			if row := strings.TrimRight(strings.Join(texts(cellsOf(n)), "\t"), "\t"); row != "" {
				rows = append(rows, row)
			}
		}
	}
	if len(rows) > 0 {
		s.add(strings.Join(rows, "\n"), linked, state{kind: Table, node: table, chrome: at.chrome, region: at.region, semantic: at.semantic})
	}
}

func cellsOf(row *html.Node) []*html.Node {
	var cells []*html.Node
	for c := range row.ChildNodes() {
		if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
			cells = append(cells, c)
		}
	}
	return cells
}

func texts(nodes []*html.Node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, textOf(n))
	}
	return out
}

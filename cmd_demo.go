package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"vislang/pkg/assets"
)

func newDemoCommand() *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Crawl and process the demo corpus that set-up made",
		Long: `Serves the demo site on loopback (the Debian handbook and the Universal
Declaration of Human Rights in many languages), crawls it, reads the demo's
scans and PDFs, and ends when everything is in the database. A second run finds
nothing new and stores nothing twice.`,
		Example: `  vislang demo
  vislang demo --data data/demo --site-port 8098`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := assets.Path("demo")
			if err != nil {
				return err
			}
			base, err := serveSite(cmd.Context(), filepath.Join(root, "site"), port)
			if err != nil {
				return err
			}
			for flag, value := range map[string]string{"until-idle": "true", "pivots": "eng"} {
				if !cmd.Flags().Changed(flag) {
					if err := cmd.Flags().Set(flag, value); err != nil {
						return err
					}
				}
			}
			p, err := openPipeline(cmd, []string{base + "/sitemap.xml", filepath.Join(root, "scans"), filepath.Join(root, "pdfs")})
			if err != nil {
				return err
			}
			defer p.close()
			if err := p.run(cmd.Context()); err != nil {
				return err
			}
			return p.demoReport(cmd.Context(), cmd.OutOrStdout())
		},
	}
	addRunFlags(cmd.Flags())
	cmd.Flags().IntVar(&port, "site-port", 8098, "port of the demo site on loopback; documents keep their addresses over runs only with the same port")
	return cmd
}

// serveSite serves a folder on loopback until ctx ends. Files named *.tmpl are
// templates that need to know the site's address.
func serveSite(ctx context.Context, root string, port int) (base string, err error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", fmt.Errorf("port %d for the demo site is taken: choose another with --site-port", port)
	}
	if err != nil {
		return "", fmt.Errorf("listen for the demo site: %w", err)
	}
	base = "http://" + listener.Addr().String()
	files := http.FileServer(http.Dir(root))
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(filepath.Clean("/"+r.URL.Path))+".tmpl"))
		if err != nil {
			files.ServeHTTP(w, r)
			return
		}
		page, err := template.New("").Parse(string(text))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if strings.HasSuffix(r.URL.Path, ".xml") {
			w.Header().Set("Content-Type", "application/xml")
		}
		page.Execute(w, struct{ Base string }{base})
	})}
	go server.Serve(listener)
	context.AfterFunc(ctx, func() { server.Close() })
	return base, nil
}

// section is a part of the demo's report: a query and its heading.
type section struct {
	title string
	query string
	tall  bool // a line a value instead of a line a row, for long texts
}

func demoSections() []section {
	return []section{
		{"Documents by language", `SELECT language, count() AS documents, sum(pages) AS pages, sum(sentences) AS sentences
FROM documents WHERE state = 'done' GROUP BY language ORDER BY documents DESC, language`, false},
		{"Pages by text source", `SELECT text_source, count() AS pages FROM pages GROUP BY text_source ORDER BY pages DESC`, false},
		{"OCR confidence by language", `SELECT language, count() AS pages, round(avg(confidence), 3) AS mean_confidence
FROM pages WHERE text_source = 'ocr' GROUP BY language ORDER BY mean_confidence DESC, language`, false},
		{"Aligned pairs by language pair", `SELECT source_language AS source, target_language AS target, count() AS pairs, round(avg(score), 2) AS mean_score
FROM bitext GROUP BY source, target ORDER BY pairs DESC, target`, false},
		{"Three pairs", `SELECT source_text AS english, target_text AS translation, concat(target_language, ', score ', toString(round(score, 2))) AS language
FROM bitext WHERE target_language IN ('hau_Latn', 'amh_Ethi', 'swh_Latn') AND bead = '1-1' AND length(source_text) BETWEEN 60 AND 110 AND score > 0.9
ORDER BY target_language, cityHash64(pair_id) LIMIT 1 BY target_language LIMIT 3`, true},
		{"Figures with captions", `SELECT caption_language AS language, count() AS figures, argMax(caption, length(caption) < 70) AS example
FROM figures WHERE caption != '' GROUP BY language ORDER BY figures DESC, language`, false},
		{"Dead letters by reason", `SELECT stage, class, count() AS records, any(substring(error, 1, 80)) AS example
FROM deadletters GROUP BY stage, class ORDER BY records DESC, stage, class`, false},
	}
}

// demoReport prints what the demo made and what to type next.
func (p *pipeline) demoReport(ctx context.Context, w io.Writer) error {
	db, err := openDatabase(ctx, p.c.database)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range demoSections() {
		fmt.Fprintf(w, "\n%s\n", s.title)
		if err := printQuery(ctx, db, s, w); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
	}
	fmt.Fprintln(w)
	if err := p.report(w, false); err != nil {
		return err
	}
	fmt.Fprintf(w, `
Next:
  bin/vislang sql --data %[1]s "SELECT source_text, target_text, score FROM bitext WHERE target_language = 'yor_Latn' LIMIT 5"
  bin/vislang status --data %[1]s
  bin/vislang export --data %[1]s dataset --where "target_language = 'hau_Latn'"
`, p.data)
	return nil
}

// printQuery prints the result of a query as a table.
func printQuery(ctx context.Context, db *sql.DB, s section, w io.Writer) error {
	rows, err := db.QueryContext(ctx, s.query)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if !s.tall {
		fmt.Fprintln(table, "  "+strings.Join(names, "\t"))
	}
	n := 0
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		cells := make([]string, len(values))
		for i, v := range values {
			cells[i] = strings.Join(strings.Fields(fmt.Sprint(v)), " ")
		}
		if s.tall {
			for i, cell := range cells {
				fmt.Fprintf(table, "  %s\t%s\n", names[i], cell)
			}
			fmt.Fprintln(table)
		} else {
			fmt.Fprintln(table, "  "+strings.Join(cells, "\t"))
		}
		n++
	}
	if n == 0 {
		fmt.Fprintln(table, "  (none)")
	}
	return errors.Join(rows.Err(), table.Flush())
}

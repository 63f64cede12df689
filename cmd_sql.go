package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vislang/pkg/embedded"
	"vislang/pkg/embedded/clickhouse"
)

func newSQLCommand() *cobra.Command {
	var format string
	var asJSON bool
	var params []string
	cmd := &cobra.Command{
		Use:   "sql [QUERY]",
		Short: "Query the data with SQL",
		Long: `Runs SQL on ClickHouse: the query given, or standard input, or one after the
other as you type them in a terminal. Several statements are separated by
semicolons. Unqualified tables are those of the database vislang.

The database is that of --database, else of the vislang that runs on the data
folder, else the data folder itself is opened.

The result is a table in a terminal and tab-separated values elsewhere; --format
takes any format of ClickHouse, and so does a FORMAT clause. The rows of an
INSERT … FORMAT are read from standard input.`,
		Example: `  vislang sql "SELECT language, count() FROM documents GROUP BY language"
  vislang sql --format Parquet "SELECT * FROM bitext" > bitext.parquet
  vislang sql --param lang=swh_Latn "SELECT text FROM sentences WHERE language = {lang:String}"
  vislang sql "INSERT INTO glossary FORMAT CSVWithNames" < glossary.csv
  vislang sql < report.sql`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			switch {
			case asJSON && format != "":
				return usageError{errors.New("sql: --json and --format exclude each other")}
			case asJSON:
				format = "JSONEachRow"
			case format == "" && isTerminal(out):
				format = "PrettyCompact"
			case format == "":
				format = "TabSeparated"
			}
			request := clickhouse.Request{Format: format, Params: map[string]string{}}
			for _, param := range params {
				name, value, ok := strings.Cut(param, "=")
				if !ok || name == "" {
					return usageError{fmt.Errorf("sql: --param %s is not NAME=VALUE", param)}
				}
				request.Params[name] = clickhouse.EscapeParam(value)
			}
			db, closeDB, err := openSQL(cmd)
			if err != nil {
				return err
			}
			defer closeDB()
			shell := &sqlShell{db: db, request: request, out: out}
			switch in := cmd.InOrStdin(); {
			case len(args) == 1:
				return shell.script(cmd.Context(), args[0], in)
			case isTerminal(in) && isTerminal(out):
				return shell.interact(cmd.Context(), in.(*os.File))
			default:
				return shell.input(cmd.Context(), in)
			}
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "output format (default: PrettyCompact in a terminal, else TabSeparated)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a row: --format JSONEachRow")
	cmd.Flags().StringArrayVar(&params, "param", nil, "NAME=VALUE of a {NAME:Type} in the query; may be repeated")
	return cmd
}

func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// openSQL finds the database that the flags name, in one session.
func openSQL(cmd *cobra.Command) (clickhouse.Runner, func(), error) {
	address, _ := cmd.Flags().GetString("database")
	data, _ := cmd.Flags().GetString("data")
	if address == "" {
		running, err := embedded.Running(data)
		if err != nil {
			return nil, nil, err
		}
		if running != nil {
			if address = running.ClickHouse; address == "" {
				return nil, nil, fmt.Errorf("process %d has the data folder %s but uses another ClickHouse: name it with --database", running.PID, data)
			}
		}
	}
	if address != "" {
		client, err := clickhouse.NewClient(address)
		if err != nil {
			return nil, nil, usageError{err}
		}
		return client, func() {}, nil
	}
	if _, err := os.Stat(data); err != nil {
		return nil, nil, fmt.Errorf("there is no data folder %s: name it with --data, or fill one with `vislang run --data %s SOURCE`", data, data)
	}
	lock, err := embedded.Acquire(data)
	if err != nil {
		return nil, nil, err
	}
	log, err := newLogger(cmd.Flags(), cmd.ErrOrStderr())
	if err != nil {
		lock.Release()
		return nil, nil, err
	}
	engine, err := clickhouse.Open(cmd.Context(), clickhouse.Options{Dir: filepath.Join(data, "clickhouse"), Log: log})
	if err != nil {
		lock.Release()
		return nil, nil, err
	}
	session, err := engine.NewSession()
	if err != nil {
		engine.Close()
		lock.Release()
		return nil, nil, err
	}
	return session, func() {
		session.Close()
		engine.Close()
		lock.Release()
	}, nil
}

// sqlShell runs statements on a database and writes their results.
type sqlShell struct {
	db      clickhouse.Runner
	request clickhouse.Request // format and parameters of every statement
	out     io.Writer
}

// script runs statements; in has the rows of an INSERT that brings none.
func (s *sqlShell) script(ctx context.Context, script string, in io.Reader) error {
	statements := clickhouse.Split(script)
	if len(statements) == 0 {
		return usageError{errors.New("sql: there is no query")}
	}
	for _, sql := range statements {
		var rows io.Reader
		if _, inline, ok := clickhouse.InsertData(sql); ok && strings.TrimSpace(inline) == "" {
			rows = in
		}
		if err := s.run(ctx, sql, rows); err != nil {
			return err
		}
	}
	return nil
}

// input runs a script that may end in an INSERT with any amount of rows.
func (s *sqlShell) input(ctx context.Context, in io.Reader) error {
	buffered := bufio.NewReaderSize(in, 64<<10)
	head, err := buffered.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return fmt.Errorf("sql: read the query: %w", err)
	}
	if format, rows, ok := clickhouse.InsertData(string(head)); ok && !strings.EqualFold(format, "Values") {
		sql := string(head[:len(head)-len(rows)])
		buffered.Discard(len(sql))
		return s.run(ctx, sql, buffered)
	}
	script, err := io.ReadAll(buffered)
	if err != nil {
		return fmt.Errorf("sql: read the query: %w", err)
	}
	return s.script(ctx, string(script), strings.NewReader(""))
}

func (s *sqlShell) run(ctx context.Context, sql string, rows io.Reader) error {
	request := s.request
	request.SQL, request.Data = sql, rows
	_, err := s.db.Run(ctx, request, s.out)
	if errors.Is(err, context.Canceled) {
		return errors.New("sql: cancelled")
	}
	return shortSyntaxError(err)
}

// shortSyntaxError cuts the list of what the parser would have liked to see
// when it is the whole language.
func shortSyntaxError(err error) error {
	var e *clickhouse.Error
	if !errors.As(err, &e) {
		return err
	}
	text, expected, ok := strings.Cut(e.Message, " Expected one of: ")
	if !ok || strings.Count(expected, ",") < 12 {
		return err
	}
	short := *e
	short.Message = strings.TrimSuffix(text, ".")
	return &short
}

// Command vislang turns crawled documents into vision-language and parallel
// text: producers fill Kafka topics, stages extract, recognise and align, a
// sink lands everything in ClickHouse.
//
//	vislang run --until-idle reports/     # everything in this process
//	vislang sql "SELECT language, count() FROM documents GROUP BY language"
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"vislang/pkg/config"
	"vislang/pkg/ocr"
)

// version is stamped by the build: -ldflags "-X main.version=…".
var version = "0.1.0"

// Exit codes.
const (
	exitFailure = 1 // the work, or a part of it, failed
	exitUsage   = 2 // the command line or a setting is wrong
)

// usageError marks an error of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() {
	ocr.ChildMain() // does not return in a recognition child
	if os.Getenv("GOMEMLIMIT") == "" {
		// Documents of hundreds of megabytes come and go: give their memory
		// back soon rather than growing to twice the largest. The engines
		// and child processes have limits of their own.
		debug.SetMemoryLimit(896 << 20)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal stops cleanly, the second one at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, in io.Reader, out, errors_ io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errors_)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if message := strings.TrimSpace(err.Error()); message != "" {
		fmt.Fprintf(errors_, "vislang: %s%s\n", strings.ReplaceAll(message, "\n", "; "), hint(err))
	}
	var usage usageError
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command") {
		fmt.Fprintln(errors_, "See `vislang --help`.")
		return exitUsage
	}
	return exitFailure
}

// hint says what to do about errors of the machine.
func hint(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return ": free some disk space and run again; what was committed is kept"
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES):
		return ": choose a folder that can be written, for example with --data"
	default:
		return ""
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "vislang",
		Short: "From crawled documents to multilingual vision-language data",
		Long: `VisLang turns reports, scans and web pages into parallel text and captioned
figures that can be queried with SQL and exported as datasets.

Without further settings everything runs in one process on embedded Kafka and
ClickHouse, with its data in ./data. With --brokers and --database the same
commands work on Apache Kafka and a ClickHouse server.

Every flag has an environment variable; ` + "`vislang config`" + ` lists them all.`,
		Example: `  vislang run --until-idle reports/
  vislang sql "SELECT language, count() FROM documents GROUP BY language"
  vislang align english.txt hausa.txt --text`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := config.Fill(cmd.Flags(), os.LookupEnv); err != nil {
				return usageError{err}
			}
			return nil
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	addConnectionFlags(root.PersistentFlags())
	root.AddCommand(
		newRunCommand(), newEnginesCommand(), newDemoCommand(), newSourceCommand(), newStatusCommand(), newVerifyCommand(), newSQLCommand(), newExportCommand(),
		newGroupsCommand(), newTopicsCommand(), newDeadLettersCommand(),
		newExtractCommand(), newOCRCommand(), newIdentifyCommand(), newAlignCommand(), newMatchCommand(),
		newConfigCommand(), newVersionCommand(),
	)
	for _, cmd := range root.Commands() {
		usageArgs(cmd)
	}
	return root
}

// usageArgs makes a wrong number of arguments a usage error.
func usageArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageArgs(sub)
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vislang/pkg/ocr"
)

func newOCRInstallCommand() *cobra.Command {
	var list bool
	var tessdata string
	cmd := &cobra.Command{
		Use:   "install LANGUAGE…",
		Short: "Install the recognition models of languages",
		Long: `Installs the Tesseract models that recognise languages best, from Debian's
packages: for most its own, for others that of its script. Languages are BCP 47 tags
or labels (sw, tir_Ethi); und-Ethi names a whole script. What is there stays. Without
the rights to install, it prints the command for who has them. Processes that run
take new models when they start next.`,
		Example: `  vislang ocr install tir amh hi und-Cyrl
  vislang ocr install --list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if list != (len(args) == 0) {
				return usageError{errors.New("ocr install: name languages, or --list them")}
			}
			if list {
				return listModels(cmd.OutOrStdout(), tessdata)
			}
			return installModels(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), tessdata, args)
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list all languages with models, installed or not")
	cmd.Flags().StringVar(&tessdata, "tessdata", "", "folder of the Tesseract models (default: the system's)")
	return cmd
}

func listModels(out io.Writer, tessdata string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LANGUAGE\tSCRIPT\tMODELS\tNOT INSTALLED")
	for _, n := range ocr.Needs(tessdata) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", n.Language, n.Script, strings.Join(n.Models, "+"), strings.Join(n.Packages(), " "))
	}
	return table.Flush()
}

// installModels installs what the languages lack. A language without any model
// is an error, but the others are installed.
func installModels(ctx context.Context, out, errs io.Writer, tessdata string, languages []string) error {
	var packages []string
	var failures []error
	var needs []ocr.Need
	for _, language := range languages {
		n, err := ocr.NeedOf(tessdata, language)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		needs = append(needs, n)
		for _, p := range n.Packages() {
			if !slices.Contains(packages, p) {
				packages = append(packages, p)
			}
		}
	}
	if len(packages) > 0 {
		if err := aptInstall(ctx, errs, packages); err != nil {
			return fmt.Errorf("ocr install: %w", err)
		}
	}
	for _, n := range needs {
		now, err := ocr.NeedOf(tessdata, n.Language)
		if err == nil && len(now.Missing) > 0 {
			err = fmt.Errorf("%s: installed, yet %s is not where Tesseract looks", n.Language, strings.Join(now.Missing, ", "))
		}
		if err != nil {
			failures = append(failures, err)
			continue
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", n.Language, n.Script, strings.Join(n.Models, "+"))
	}
	if len(failures) > 0 {
		return fmt.Errorf("ocr install: %w", errors.Join(failures...))
	}
	return nil
}

// aptInstall installs Debian packages, if this user may.
func aptInstall(ctx context.Context, errs io.Writer, packages []string) error {
	arguments := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return fmt.Errorf("no apt-get here: install by other means what Debian calls %s", strings.Join(packages, " "))
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root may install; run: sudo apt-get %s", strings.Join(arguments, " "))
	}
	install := func() error {
		command := exec.CommandContext(ctx, apt, append([]string{"-q", "-o", "DPkg::Lock::Timeout=120"}, arguments...)...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		command.Stdout, command.Stderr = errs, errs
		return command.Run()
	}
	if err := install(); err == nil {
		return nil
	}
	// The lists of packages may be old or missing, as in a slim image.
	update := exec.CommandContext(ctx, apt, "update", "-q")
	update.Stdout, update.Stderr = errs, errs
	if err := update.Run(); err != nil {
		return fmt.Errorf("apt-get update: %w", err)
	}
	if err := install(); err != nil {
		return fmt.Errorf("apt-get install %s: %w", strings.Join(packages, " "), err)
	}
	return nil
}

package ocr

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
)

// commandLine is Tesseract as a program, started for every job. It loads its
// models each time, so it is the slower of the two ways, but it needs no more
// than the program on the path. The limits of the child process that starts it
// hold for it, too.
type commandLine struct {
	tessdata string
	program  string // path; "" until it is looked for
	name     string // as version tells it
}

func newCommandLine(tessdata string) engine { return &commandLine{tessdata: tessdata} }

func (c *commandLine) version() (string, error) {
	if c.name != "" {
		return c.name, nil
	}
	program, err := exec.LookPath("tesseract")
	if err != nil {
		return "", &Error{Unavailable, fmt.Errorf("tesseract: %w", err)}
	}
	said, err := c.run(exec.Command(program, "--version"))
	if err != nil {
		return "", &Error{Unavailable, fmt.Errorf("%s --version: %w", program, err)}
	}
	// `tesseract 5.3.0`, then the libraries it uses.
	line, _, _ := strings.Cut(string(said), "\n")
	f := strings.Fields(line)
	if len(f) < 2 || f[0] != "tesseract" {
		return "", &Error{Unavailable, fmt.Errorf("%s --version says %.40q: not Tesseract", program, line)}
	}
	c.program, c.name = program, Tesseract+" "+strings.TrimPrefix(f[1], "v")
	return c.name, nil
}

func (c *commandLine) recognize(j job) (*Page, error) {
	if _, err := c.version(); err != nil {
		return nil, err
	}
	if err := checkModels(c.tessdata, j.models); err != nil {
		return nil, err
	}
	arguments := []string{"stdin", "stdout", "--tessdata-dir", c.tessdata, "-l", strings.Join(j.models, "+"), "-c", "tessedit_create_hocr=1"}
	for _, v := range tesseractVariables(j) {
		if v[0] == "tessedit_pageseg_mode" { // overwritten by the flag's default
			arguments = append(arguments, "--psm", v[1])
			continue
		}
		arguments = append(arguments, "-c", v[0]+"="+v[1])
	}
	command := exec.Command(c.program, arguments...)
	command.Stdin = bytes.NewReader(encodeSPIX(j.image))
	hocr, err := c.run(command)
	if err != nil {
		return nil, fmt.Errorf("recognise with %s: %w", strings.Join(j.models, "+"), err)
	}
	return parseHOCR(hocr)
}

// run runs the program and returns what it prints. It dies with the thread
// that started it, as a child's main thread is locked to its work.
func (c *commandLine) run(command *exec.Cmd) ([]byte, error) {
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out bytes.Buffer
	var said tail
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGXCPU {
			return nil, &Error{Timeout, errors.New("page took more CPU time than allowed")}
		}
		if outOfMemory(said.String()) {
			return nil, &Error{Memory, errors.New("page took more memory than allowed")}
		}
		if words := lastWords(said.String()); words != "" {
			err = fmt.Errorf("%w: %s", err, words)
		}
	}
	return nil, err
}

package clickhouse

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Error is an exception of the engine.
type Error struct {
	Code    int    // ClickHouse's error code, 0 if the text had none
	Name    string // its name, UNKNOWN_TABLE
	Message string // the text without code and name
}

func (e *Error) Error() string {
	switch {
	case e.Code == 0:
		return e.Message
	case e.Name == "":
		return fmt.Sprintf("Code: %d. DB::Exception: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", e.Code, e.Message, e.Name)
}

var (
	errorCode    = regexp.MustCompile(`^(?:Error: )?(?:Code: (\d+)\. )?(?:DB::Exception: )?`)
	errorVersion = regexp.MustCompile(`\s*\(version [^()]*(?:\([^()]*\))?\)\s*$`)
	errorName    = regexp.MustCompile(`(?s)\.? \(([A-Z][A-Z0-9_]+)\)\s*$`)
)

// parseError takes an engine's message apart. The engine wraps a message
// several times ("Code: 60. DB::Exception: Code: 60. DB::Exception: …").
func parseError(text string) *Error {
	e := &Error{Message: strings.TrimSpace(errorVersion.ReplaceAllString(text, ""))}
	for {
		m := errorCode.FindStringSubmatchIndex(e.Message)
		if m[1] == 0 {
			break
		}
		if m[2] >= 0 && e.Code == 0 {
			e.Code, _ = strconv.Atoi(e.Message[m[2]:m[3]])
		}
		e.Message = e.Message[m[1]:]
	}
	for {
		m := errorName.FindStringSubmatchIndex(e.Message)
		if m == nil {
			return e
		}
		e.Name = e.Message[m[2]:m[3]]
		e.Message = e.Message[:m[0]]
	}
}

// Codes that this package raises itself.
const (
	codeIncorrectData  = 117
	codeSyntaxError    = 62
	codeAuthentication = 516
)

// httpStatus maps an error code to the status that ClickHouse's HTTP interface
// answers with.
func httpStatus(code int) int {
	switch code {
	case 193, 194, 516: // WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED
		return http.StatusForbidden
	case 164, 192, 291, 497: // READONLY, UNKNOWN_USER, DATABASE_ACCESS_DENIED, ACCESS_DENIED
		return http.StatusForbidden
	case 6, 25, 26, 27, 33, 38, 41, 43, 53, 62, 72, 117, 167, 168, 242, 321, 372, 373, 374, 376, 456, 457:
		// What the client sent cannot be parsed or has the wrong type.
		return http.StatusBadRequest
	case 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 125, 336:
		// UNKNOWN_ function, identifier, type, storage, table, aggregate
		// function, format, kind of query, database, setting, …
		return http.StatusNotFound
	case 48: // NOT_IMPLEMENTED
		return http.StatusNotImplemented
	case 202, 439: // TOO_MANY_SIMULTANEOUS_QUERIES, CANNOT_SCHEDULE_TASK
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

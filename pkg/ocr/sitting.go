package ocr

import (
	"context"
	"slices"
	"strings"
	"time"
)

// sitting is the time that one child spends with one page: it gets the image
// once and is asked for as many readings as the page needs.
type sitting struct {
	ctx   context.Context
	child *process
	image []byte // nil once the child has it
	limit time.Duration
	until time.Time
	req   request // what all requests of the page share
	spent time.Duration
	tried [][]string // model sets that have read the whole page
}

// look asks for turn and script of the page, see request.Look.
func (s *sitting) look(models []string, rotation *int) (*Page, error) {
	req := s.req
	req.Look, req.Models, req.Rotation = true, models, rotation
	return s.ask(req)
}

// read asks for the whole page; rotation nil lets the child find it.
func (s *sitting) read(models []string, rotation *int) (*Page, error) {
	req := s.req
	req.Models, req.Rotation = models, rotation
	page, err := s.ask(req)
	if err == nil {
		s.child.models[strings.Join(models, "+")] = true
		s.tried = append(s.tried, models)
	}
	return page, err
}

// hasTried tells whether the whole page was read with these models already.
func (s *sitting) hasTried(models []string) bool {
	return slices.ContainsFunc(s.tried, func(t []string) bool { return sameModels(t, models) })
}

func (s *sitting) ask(req request) (*Page, error) {
	a, err := s.child.call(s.ctx, req, s.image, s.limit, s.until)
	s.image = nil
	if err != nil {
		return nil, err
	}
	s.spent += a.Spent
	return a.Page, nil
}

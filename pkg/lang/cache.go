package lang

import (
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// maxToken is the length in bytes of the longest token that is kept: it
	// has up to 34 letters and pads, and so fewer than maxGrams n-grams.
	maxToken = 32
	// maxKept is how many tokens of a script a generation keeps: about 1 KB
	// each in Latin script.
	maxKept = 1 << 14
)

// cache keeps what was said of tokens, since words recur. It has two
// generations: a full young one becomes the old one, whose tokens live on when
// they are met again.
type cache struct{ young, old atomic.Pointer[generation] }

type generation struct {
	tokens sync.Map // string to *said
	size   atomic.Int64
}

func newCache() *cache {
	c := &cache{}
	c.young.Store(&generation{})
	c.old.Store(&generation{})
	return c
}

// find returns what was said of a token, nil if that is not known.
func (c *cache) find(token string) *said {
	if known, ok := c.young.Load().tokens.Load(token); ok {
		return known.(*said)
	}
	if known, ok := c.old.Load().tokens.Load(token); ok {
		c.keep(token, known.(*said))
		return known.(*said)
	}
	return nil
}

func (c *cache) keep(token string, known *said) {
	young := c.young.Load()
	if young.size.Add(1) > maxKept {
		fresh := &generation{}
		if c.young.CompareAndSwap(young, fresh) {
			c.old.Store(young)
		}
		young = c.young.Load()
	}
	// Its own copy: the token is a part of a text that may be large.
	young.tokens.Store(strings.Clone(token), known)
}

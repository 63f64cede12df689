package main

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// A proxy stands between the sink and ClickHouse and can lose the answer to an
// insert.
type proxy struct {
	listener net.Listener
	target   string
	armed    atomic.Bool
	cut      chan struct{} // receives when an answer was lost
	noTokens bool          // gives every insert another token
	requests atomic.Int64

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func newProxy(target string, noTokens bool) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: listener, target: target, cut: make(chan struct{}, 1), noTokens: noTokens, conns: map[net.Conn]bool{}}
	go p.accept()
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.Close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		go p.serve(client, server)
	}
}

// serve passes bytes both ways. An armed proxy lets the next insert through
// and hangs up when its answer comes.
func (p *proxy) serve(client, server net.Conn) {
	var inserting atomic.Bool
	end := func() {
		client.Close()
		server.Close()
		p.mu.Lock()
		delete(p.conns, client)
		delete(p.conns, server)
		p.mu.Unlock()
	}
	go func() {
		defer end()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			if n > 0 {
				if p.noTokens { // of the same length: the rest of the request stays as it is
					if _, token, found := bytes.Cut(buffer[:n], []byte("insert_deduplication_token=")); found {
						copy(token, fmt.Sprintf("%09d", p.requests.Add(1)))
					}
				}
				if bytes.HasPrefix(buffer[:n], []byte("POST ")) {
					line, _, _ := bytes.Cut(buffer[:n], []byte("\n"))
					inserting.Store(bytes.Contains(line, []byte("INSERT")) || bytes.Contains(buffer[:n], []byte("INSERT INTO")))
				}
				if _, err := server.Write(buffer[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	defer end()
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 {
			if inserting.Load() && p.armed.CompareAndSwap(true, false) {
				p.cut <- struct{}{}
				return
			}
			if _, err := client.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Package clickhouse runs the ClickHouse engine inside this process and serves
// it over ClickHouse's HTTP interface on loopback, so that clickhouse-go, curl
// and Grafana work unchanged.
//
//	server, err := clickhouse.Start(ctx, clickhouse.Options{Dir: "data/clickhouse"})
//	defer server.Close()
//	db, err := sql.Open("clickhouse", server.DSN())
//
// The engine is libchdb.so, the same code as the ClickHouse server's. A write
// that was acknowledged outlives the process, however that ends; a machine that
// loses power may lose the last ones. A process can have one data folder open
// at a time, and the engine refuses a folder that another process has open.
package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// Server is an Engine with its HTTP interface.
type Server struct {
	*Engine
	handler  *handler
	listener net.Listener
	http     *http.Server
	served   chan struct{}
}

// Start opens the data folder and serves it until Close. The end of ctx stops
// only the start: whoever writes until the end closes the server after that.
func Start(ctx context.Context, o Options) (*Server, error) {
	o.setDefaults()
	// The port first: it is quick to refuse.
	listener, err := net.Listen("tcp", o.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(o.Addr)
		return nil, fmt.Errorf("port %s of the embedded ClickHouse is taken: choose another with --clickhouse-port (0 takes a free one)", port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for the embedded ClickHouse: %w", err)
	}
	engine, err := Open(ctx, o)
	if err != nil {
		listener.Close()
		return nil, err
	}
	root, h := newHandler(engine, o, listener.Addr().(*net.TCPAddr).IP.IsLoopback())
	s := &Server{
		Engine:   engine,
		handler:  h,
		listener: listener,
		http: &http.Server{
			Handler:           root,
			ReadHeaderTimeout: 10 * time.Second,
			IdleTimeout:       10 * time.Minute,
		},
		served: make(chan struct{}),
	}
	go func() {
		defer close(s.served)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("ClickHouse HTTP interface", "error", err)
		}
	}()
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is the base of the HTTP interface, http://host:port.
func (s *Server) URL() string { return "http://" + s.Addr() }

// DSN is what clickhouse-go opens: the URL with user and database.
func (s *Server) DSN() string {
	u := url.URL{Scheme: "http", User: url.User("default"), Host: s.Addr(), Path: "/" + DefaultDatabase}
	return u.String()
}

// Close stops the interface and the engine. Statements that run are cancelled.
func (s *Server) Close() error {
	s.Engine.cancel(errClosed)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
	}
	<-s.served
	s.handler.closeSessions()
	return s.Engine.Close()
}

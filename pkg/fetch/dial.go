package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

func newTransport(o Options) *http.Transport {
	open := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	guarded := *open
	guarded.Control = func(_, address string, _ syscall.RawConn) error {
		// The address after name resolution: what is really dialled.
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%s: %w", address, ErrAddress)
		}
		if !public(at.Addr()) {
			return fmt.Errorf("%s: %w", at.Addr(), ErrAddress)
		}
		return nil
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if o.AllowPrivate || slices.Contains(o.PrivateHosts, address) {
				return open.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout:    15 * time.Second,
		ResponseHeaderTimeout:  60 * time.Second,
		IdleConnTimeout:        60 * time.Second,
		MaxIdleConns:           32,
		MaxResponseHeaderBytes: 256 << 10,
		DisableCompression:     true, // done here, with a limit
		ForceAttemptHTTP2:      true,
	}
}

// special are the networks that are not the public internet: the registries
// of RFC 6890 as far as the methods of netip.Addr do not cover them.
var special = func() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}()

var (
	nat64 = netip.MustParsePrefix("64:ff9b::/96")
	six4  = netip.MustParsePrefix("2002::/16")
)

// public says whether an address belongs to the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	// These carry an IPv4 address that is reached in the end.
	if b := a.As16(); nat64.Contains(a) {
		return public(netip.AddrFrom4([4]byte(b[12:16])))
	} else if six4.Contains(a) {
		return public(netip.AddrFrom4([4]byte(b[2:6])))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// HostPort is the `host:port` of an address's host, as PrivateHosts want it.
func HostPort(scheme, host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	port := "80"
	if scheme == "https" {
		port = "443"
	}
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	return net.JoinHostPort(host, port)
}

// IsPrivate says whether a host name or address lies in a network that is
// refused by default. A name that cannot be resolved is not private.
func IsPrivate(ctx context.Context, host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return !public(a)
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addresses, func(a netip.Addr) bool { return !public(a) })
}

// temporary says whether an error may go away by itself.
func temporary(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		switch status.Status {
		case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusRequestTimeout:
			return true
		}
		return false
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, ErrAddress), errors.Is(err, ErrTooLarge), errors.Is(err, ErrRedirects),
		errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &dns) && dns.IsNotFound:
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, syscall.ECONNRESET) || isEOF(err)
}

// Temporary says whether an error may be gone at a later time: the server is
// overloaded or out of reach, but what was asked for may be there.
func Temporary(err error) bool {
	return temporary(err) || errors.Is(err, syscall.ECONNREFUSED)
}

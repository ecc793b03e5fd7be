package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// clients are those of one cluster that were not closed by its end.
type clients struct {
	mu     sync.Mutex
	opened []*Client
}

func (s *clients) open(ctx context.Context, endpoints []Endpoint, config ClientConfig) (*Client, error) {
	c, err := OpenClient(ctx, endpoints, config)
	if err != nil {
		return nil, err
	}
	s.add(c)
	return c, nil
}

func (s *clients) add(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(slices.DeleteFunc(s.opened, (*Client).hasEnded), c)
}

// close closes all; closed ones are not closed again.
func (s *clients) close() error {
	s.mu.Lock()
	opened := s.opened
	s.opened = nil
	s.mu.Unlock()
	errs := make([]error, len(opened))
	for i, c := range opened {
		errs[i] = c.Close()
	}
	return errors.Join(errs...)
}

// Client opens a client of all members there are, and waits until it is connected to one. It lives
// until it is closed, or the cluster is; ctx (or 30 s) bounds the opening only.
func (c *Cluster) Client(ctx context.Context, config ClientConfig) (*Client, error) {
	config.private = c.config.Ground != nil
	return c.clients.open(ctx, c.Endpoints(), config)
}

// Endpoints are all members there are, as clients reach them over no link.
func (c *Cluster) Endpoints() []Endpoint {
	members := c.all()
	endpoints := make([]Endpoint, len(members))
	for i, m := range members {
		endpoints[i] = Endpoint{Scheme: "http", Host: endpointHost(m.name), Dial: m.dialClient}
	}
	return endpoints
}

// endpointHost is how clients name a member; nothing listens there.
func endpointHost(name string) string { return name + ":1" }

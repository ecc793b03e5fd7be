package network

import (
	"errors"
	"os"
	"slices"
)

// chunk is how many bytes of a faulted direction are fetched at once.
const chunk = 32 << 10

// Read reads what the link in has let through. An end of the stream, too, comes only when it may.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	n, err := c.read(p)
	if isOver(c.closed) {
		return 0, c.cause
	}
	return n, err
}

func (c *Conn) read(p []byte) (int, error) {
	if len(c.rest) > 0 {
		return c.readRest(p)
	}
	if c.in.stalls() {
		c.in.serve(c.fetch)
	}
	for {
		if c.in.isIdle() {
			if n, through, err := c.readThrough(p); through {
				return n, err
			}
		}
		switch arrived, err := c.in.take(c.readBy.past()); {
		case err != nil:
			return 0, err
		case arrived == nil: // lost, or the lane is idle again
		case arrived.end != nil:
			return 0, arrived.end
		default:
			c.rest = arrived.bytes
			return c.readRest(p)
		}
	}
}

func (c *Conn) readRest(p []byte) (int, error) {
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// readThrough reads past the idle lane, straight into p. If rules have come meanwhile, what it read goes to the
// lane, and so does all that comes next, until they are gone.
func (c *Conn) readThrough(p []byte) (n int, through bool, err error) {
	n, err = c.Conn.Read(p)
	if c.in.link.passes() || isOver(c.closed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, true, err
	}
	if c.bring(p[:n], err) == nil {
		c.in.serve(c.fetch)
	}
	return 0, false, nil
}

// fetch brings what comes to the lane as it comes, not as it is read: however late each part of it is
// to arrive, the next is not delayed by that.
func (c *Conn) fetch() {
	defer c.in.rest()
	buffer := make([]byte, chunk)
	for {
		n, err := c.Conn.Read(buffer)
		if c.bring(buffer[:n], err) != nil || c.in.link.passes() {
			return
		}
	}
}

// bring puts what was read, and how the reading ended, on the lane. Its error says why no more comes.
// A deadline is the business of those who read, and no end.
func (c *Conn) bring(p []byte, end error) error {
	if len(p) > 0 {
		if err := c.in.push(&parcel{bytes: slices.Clone(p)}, nil); err != nil {
			return err
		}
	}
	if end != nil && !errors.Is(end, os.ErrDeadlineExceeded) {
		return errors.Join(end, c.in.push(&parcel{end: end}, nil))
	}
	return end
}

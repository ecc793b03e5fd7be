package locks

import (
	"context"
	"fmt"
)

// until waits for a call that knows no context, but no longer than ctx lasts: then it walks away from the
// call, as whoever has to go on must. What it left behind ends when the call is answered, or when the client
// is closed.
func until(ctx context.Context, call func() error) error {
	returned := make(chan error, 1)
	go func() { returned <- call() }()
	select {
	case err := <-returned:
		return err
	case <-ctx.Done():
		return fmt.Errorf("walked away from a call without a context: %w", ctx.Err())
	}
}

// caught gives the error that a call panics with.
func caught(call func()) (err error) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case error:
			err = reason
		default:
			panic(reason)
		}
	}()
	call()
	return nil
}

package cluster

import "context"

// AttachTo attaches to members of a cluster of ours, which Attach could not dial.
func AttachTo(ctx context.Context, c *Cluster, members []int, e External) (*Attached, error) {
	endpoints := make([]Endpoint, len(members))
	for i, member := range members {
		endpoints[i] = c.Endpoints()[member]
	}
	return attachTo(ctx, endpoints, e)
}

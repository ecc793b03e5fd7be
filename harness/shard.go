package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Digest tells plans apart: the SHA-256 of its JSON, in hexadecimal.
func (p Plan) Digest() string {
	sum := sha256.Sum256(p.JSON())
	return hex.EncodeToString(sum[:])
}

// Split deals the cells out to n shards, which take about the same time: the longest first, each to the shard that has
// least to do so far (Graham, Bounds on Multiprocessing Timing Anomalies, 1969). It gives the shard of each cell, from
// 1 on. The same plan is split in the same way everywhere; a cell, and so all that is done to a key, is in one shard.
func (p Plan) Split(n int) []int {
	order := make([]int, len(p.Cells))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(p.Cells[b].Estimate() - p.Cells[a].Estimate()) })
	shards := make([]int, len(p.Cells))
	load := make([]time.Duration, n)
	for _, i := range order {
		least := slices.Index(load, slices.Min(load))
		shards[i] = least + 1
		load[least] += p.Cells[i].Estimate()
	}
	return shards
}

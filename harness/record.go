package harness

import (
	"context"
	"errors"

	"lockquake/results"
)

// Record carries out one cell as Run does, and writes its plan and its history into the cell's folder, where its
// members' logs go, too.
func Record(ctx context.Context, cell Cell, parts Parts, stored *results.Cell) error {
	if err := stored.WritePlan(cell.JSON()); err != nil {
		return err
	}
	file, err := stored.History()
	if err != nil {
		return err
	}
	parts.Place.Members, parts.Place.Dir, parts.Place.Fsync = cell.Members, stored.Dir(), cell.Fsync
	if cell.Costs {
		parts.Costs = stored.WriteCosts
	}
	err = Run(ctx, cell, parts, file)
	return errors.Join(err, file.Close())
}

package cluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/client/pkg/v3/logutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// memberLog is a member's log. It never writes to the terminal, not even when the file is gone.
type memberLog struct {
	file   *os.File // nil: the log goes nowhere
	logger *zap.Logger
}

func newMemberLog(dir, name string) (memberLog, error) {
	if dir == "" {
		return memberLog{logger: zap.NewNop()}, nil
	}
	file, err := os.Create(filepath.Join(dir, "member-"+name+".log"))
	if err != nil {
		return memberLog{}, fmt.Errorf("log of %s: %w", name, err)
	}
	encoder := zapcore.NewJSONEncoder(logutil.DefaultZapLoggerConfig.EncoderConfig)
	core := zapcore.NewCore(encoder, zapcore.Lock(file), zapcore.InfoLevel)
	return memberLog{file: file, logger: zap.New(core, zap.ErrorOutput(zapcore.AddSync(io.Discard)))}, nil
}

func (l memberLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

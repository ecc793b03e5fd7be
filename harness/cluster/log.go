package cluster

import (
	"bytes"
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
	path string
	file *os.File // nil: the log goes nowhere
}

func newMemberLog(dir, name string) (memberLog, error) {
	if dir == "" {
		return memberLog{}, nil
	}
	path := filepath.Join(dir, "member-"+name+".log")
	file, err := os.Create(path)
	if err != nil {
		return memberLog{}, fmt.Errorf("log of %s: %w", name, err)
	}
	return memberLog{path, file}, nil
}

func (l memberLog) logger() *zap.Logger {
	if l.file == nil {
		return zap.NewNop().WithOptions(zap.WithFatalHook(fatal{}))
	}
	return newLogger(l.file)
}

func newLogger(file *os.File) *zap.Logger {
	encoder := zapcore.NewJSONEncoder(logutil.DefaultZapLoggerConfig.EncoderConfig)
	core := zapcore.NewCore(encoder, zapcore.Lock(file), zapcore.InfoLevel)
	return zap.New(core, zap.ErrorOutput(zapcore.AddSync(io.Discard)), zap.WithFatalHook(fatal{}))
}

func (l memberLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// lastLine is the end of a log, which tells why its process ended.
func lastLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	text = bytes.TrimSpace(text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}

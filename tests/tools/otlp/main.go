// Command otlp runs the OTLP receiver of the OpenTelemetry Collector, as its own program
// does, and appends each log record that it takes to a file, one JSON object a line.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/otel/metric/noop"
	traces "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "otlp:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	listen := flag.String("listen", "127.0.0.1:4318", "`address` to take OTLP/HTTP on")
	out := flag.String("out", "", "`file` to append to")
	cert := flag.String("cert", "", "PEM `file` with the certificate; none: plain HTTP")
	key := flag.String("key", "", "PEM `file` with the certificate's key")
	clients := flag.String("clients", "", "PEM `file` with the authorities of client certificates; given, one is asked for")
	busy := flag.String("busy", "", "while this `file` is there, nothing is taken")
	flag.Parse()

	file, err := os.OpenFile(*out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()

	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	http := config.Protocols.HTTP.GetOrInsertDefault()
	http.ServerConfig.NetAddr.Endpoint = *listen
	if *cert != "" {
		secure := configtls.NewDefaultServerConfig()
		secure.CertFile, secure.KeyFile, secure.ClientCAFile = *cert, *key, *clients
		http.ServerConfig.TLS = configoptional.Some(secure)
	}
	next, err := consumer.NewLogs(func(_ context.Context, logs plog.Logs) error {
		if _, err := os.Stat(*busy); *busy != "" && err == nil {
			return errors.New("busy")
		}
		return write(file, logs)
	})
	if err != nil {
		return err
	}
	settings := receiver.Settings{ID: component.NewID(factory.Type()), TelemetrySettings: component.TelemetrySettings{
		Logger: zap.NewNop(), TracerProvider: traces.NewTracerProvider(), MeterProvider: noop.NewMeterProvider()}}
	r, err := factory.CreateLogs(ctx, settings, config, next)
	if err != nil {
		return err
	}
	if err := r.Start(ctx, host{}); err != nil {
		return err
	}
	fmt.Println("ready")
	<-ctx.Done()
	return r.Shutdown(context.Background())
}

// host has no extensions.
type host struct{}

func (host) GetExtensions() map[component.ID]component.Component { return nil }

// record is what the tests look at.
type record struct {
	Resource, Scope, Attributes map[string]any
	Body, Event, Trace          string
	Severity                    string
	Number                      int32
	Time                        int64 // Unix, nanoseconds
}

// write appends all records in one write: a request that was answered is in the file.
func write(file *os.File, logs plog.Logs) error {
	var lines []byte
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, r := range scope.LogRecords().All() {
				line, err := json.Marshal(record{
					Resource: resource.Resource().Attributes().AsRaw(), Scope: scope.Scope().Attributes().AsRaw(), Attributes: r.Attributes().AsRaw(),
					Body: r.Body().AsString(), Event: r.EventName(), Trace: r.TraceID().String(),
					Severity: r.SeverityText(), Number: int32(r.SeverityNumber()), Time: int64(r.Timestamp()),
				})
				if err != nil {
					return err
				}
				lines = append(append(lines, line...), '\n')
			}
		}
	}
	_, err := file.Write(lines)
	return err
}

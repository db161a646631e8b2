package dev.redoubt.app;

import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Standard output and error of a command; picocli fills the spec in before the command is called. */
final class Out {
    private Out() {}

    static void line(@Nullable CommandSpec spec, String answer) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.println(answer);
        out.flush();
    }

    static void error(@Nullable CommandSpec spec, String answer) {
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        err.println(answer);
        err.flush();
    }

    static void text(@Nullable CommandSpec spec, String answer) {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        out.print(answer);
        out.flush();
    }
}

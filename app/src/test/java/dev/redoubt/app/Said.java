package dev.redoubt.app;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What a command line answers, in this process. */
record Said(int exit, String out, String err) {
    static Said say(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Redoubt.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Said(line.execute(arguments), out.toString(), err.toString());
    }
}

package dev.redoubt.app;

import java.io.PrintStream;

/** What Redoubt itself has to say while a command has the streams: one line on standard error. */
final class Say {
    private Say() {}

    static void line(String text) {
        PrintStream err = System.err;
        err.println("redoubt: " + text);
        err.flush();
    }
}

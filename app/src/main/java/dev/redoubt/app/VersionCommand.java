package dev.redoubt.app;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which build this is. */
@Command(name = "version", description = "Print the version.")
final class VersionCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    record Version(String version, String java) {}

    @Override
    public Integer call() {
        Version version = new Version(version(), Runtime.version().toString());
        Out.line(spec, json ? Json.of(version) : "redoubt " + version.version());
        return Exit.DONE;
    }

    /** From the manifest of the jar; a class path without one is a checkout under an IDE. */
    static String version() {
        String version = VersionCommand.class.getPackage().getImplementationVersion();
        return version == null ? "unpackaged" : version;
    }
}

package dev.redoubt.app;

import dev.redoubt.policy.profile.BuiltIns;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The profiles that need no file. */
@Command(name = "ls", description = "List the built-in profiles.")
final class ProfileListCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    record Row(String name, String description) {}

    @Override
    public Integer call() {
        var rows = BuiltIns.all().stream()
                .map(profile -> new Row(profile.name(), profile.description()))
                .toList();
        if (json) {
            Out.line(spec, Json.of(rows));
        } else {
            rows.forEach(row -> Out.line(spec, "%-15s %s".formatted(row.name(), row.description())));
        }
        return Exit.DONE;
    }
}

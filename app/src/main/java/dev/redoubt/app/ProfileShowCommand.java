package dev.redoubt.app;

import dev.redoubt.policy.profile.ProfileText;
import dev.redoubt.protocol.Profile;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A profile with everything that it extends. */
@Command(name = "show", description = "Print a profile with everything that it extends, as one document.")
final class ProfileShowCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME|FILE", description = "A built-in profile or a YAML file.")
    private String profile = "";

    @Option(names = "--json", description = "Print JSON, which is a profile too.")
    private boolean json;

    @Override
    public Integer call() {
        Profile shown = Profiles.named(profile);
        Out.text(spec, json ? Json.of(ProfileText.tree(shown)) + "\n" : ProfileText.of(shown));
        return Exit.DONE;
    }
}

package dev.redoubt.app;

import dev.redoubt.policy.profile.ProfileText;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A profile from what a command does. */
@Command(
        name = "learn",
        description = "Run a command under audit and print the smallest profile that lets it pass.",
        customSynopsis = "redoubt profile learn [OPTION]... -- COMMAND [ARGUMENT]...",
        footer = {
            "",
            "The command runs in fresh sandboxes, first within --profile, then under what was learnt, to show that it ends "
                    + "the same. Its output goes to standard error. What it does not do now is not in the profile: let it "
                    + "do all that it should be able to do. Options are those of run."
        })
final class ProfileLearnCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private RunCommand run = new RunCommand();

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the profile (default: the command's).")
    private String name = "";

    @Override
    public Integer call() {
        run.refuseWhatIsNotBuilt();
        Out.text(spec, ProfileText.of(LocalLearn.learn(run.options(), name)));
        return Exit.DONE;
    }
}

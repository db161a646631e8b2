package dev.redoubt.app;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Completion for fish(1): one {@code complete} line for each command and each option. */
final class FishCompletion {
    private FishCompletion() {}

    static String of(CommandLine root) {
        List<String> lines = new ArrayList<>();
        lines.add("complete -c redoubt -f");
        describe(root, "__fish_use_subcommand", lines);
        return String.join("\n", lines) + "\n";
    }

    private static void describe(CommandLine command, String condition, List<String> lines) {
        for (OptionSpec option : command.getCommandSpec().options()) {
            lines.add("complete -c redoubt -n " + quoted(condition) + names(option)
                    + (option.arity().max() > 0 ? " -r" : "") + " -d "
                    + quoted(Words.filledIn(text(option.description()), option)));
        }
        boolean top = condition.equals("__fish_use_subcommand");
        command.getSubcommands().forEach((name, sub) -> {
            CommandSpec spec = sub.getCommandSpec();
            lines.add("complete -c redoubt -n " + quoted(condition) + " -a " + name + " -d "
                    + quoted(text(spec.usageMessage().description())));
            String inside = "__fish_seen_subcommand_from " + name;
            describe(sub, top ? inside : condition + "; and " + inside, lines);
        });
    }

    private static String names(OptionSpec option) {
        StringBuilder names = new StringBuilder();
        for (String name : option.names()) {
            names.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
        }
        return names.toString();
    }

    private static String text(String[] description) {
        return String.join(" ", description);
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}

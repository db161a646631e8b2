package dev.redoubt.app;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The manual page in man(7) macros, from the model that {@code --help} is printed from. */
final class ManualPage {
    private final List<String> lines = new ArrayList<>();

    private ManualPage() {}

    static String of(CommandSpec root) {
        ManualPage page = new ManualPage();
        page.head(root);
        page.commands(root);
        page.foot(root);
        return String.join("\n", page.lines) + "\n";
    }

    private void head(CommandSpec root) {
        lines.add(".\\\" Made by: redoubt help --man");
        lines.add(".TH REDOUBT 1 \"\" \"Redoubt\" \"Redoubt manual\"");
        lines.add(".SH NAME");
        lines.add("redoubt \\- " + escaped(String.join(" ", root.usageMessage().description())));
        lines.add(".SH SYNOPSIS");
        lines.add(".B redoubt");
        lines.add("COMMAND [OPTION]... [ARGUMENT]...");
        lines.add(".SH COMMANDS");
    }

    private void commands(CommandSpec parent) {
        for (CommandLine line : parent.subcommands().values()) {
            CommandSpec command = line.getCommandSpec();
            lines.add(".SS " + escaped(command.qualifiedName()));
            paragraph(command.usageMessage().description(), command);
            for (PositionalParamSpec parameter : command.positionalParameters()) {
                item(parameter.paramLabel(), parameter);
            }
            for (OptionSpec option : command.options()) {
                if (!option.inherited()) {
                    item(names(option), option);
                }
            }
            footer(command);
            commands(command);
        }
    }

    private static String names(OptionSpec option) {
        String names = String.join(", ", option.names());
        return option.arity().max() > 0 ? names + "=" + option.paramLabel() : names;
    }

    private void item(String name, ArgSpec argument) {
        lines.add(".TP");
        lines.add(".B " + escaped(name));
        for (String text : argument.description()) {
            lines.add(escaped(Words.filledIn(text, argument)));
        }
    }

    private void paragraph(String[] texts, CommandSpec command) {
        for (String text : texts) {
            lines.add(text.isEmpty() ? ".PP" : escaped(text.replace("${COMMAND-NAME}", command.name())));
        }
    }

    private void footer(CommandSpec command) {
        for (String text : command.usageMessage().footer()) {
            lines.add(text.isEmpty() ? ".PP" : escaped(text));
        }
    }

    private void foot(CommandSpec root) {
        lines.add(".SH NOTES");
        lines.add("Every command takes");
        lines.add(".B \\-h, \\-\\-help.");
        footer(root);
        lines.add(".SH ENVIRONMENT");
        lines.add(".TP");
        lines.add(".B REDOUBT_REGISTRY");
        lines.add("The registry that image names without a host mean, instead of docker.io.");
        lines.add(".SH FILES");
        lines.add(".TP");
        lines.add(".B /var/lib/redoubt/node");
        lines.add(
                "Images and sandboxes of this machine. The variable REDOUBT_DATA_DIR names another place for /var/lib/redoubt.");
    }

    /** Backslashes, hyphens that must stay hyphens, and a dot or quote that would start a request. */
    private static String escaped(String text) {
        String plain = text.replace("\\", "\\e").replace("-", "\\-");
        return plain.startsWith(".") || plain.startsWith("'") ? "\\&" + plain : plain;
    }
}

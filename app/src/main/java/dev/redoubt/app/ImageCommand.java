package dev.redoubt.app;

import picocli.CommandLine.Command;

/** Images of this node. */
@Command(
        name = "image",
        description = "List, build, import, pull and remove images.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ImageListCommand.class,
            ImageInspectCommand.class,
            ImageBuildCommand.class,
            ImageImportCommand.class,
            ImagePullCommand.class,
            ImageRemoveCommand.class
        })
final class ImageCommand {}

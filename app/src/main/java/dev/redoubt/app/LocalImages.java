package dev.redoubt.app;

import org.jspecify.annotations.Nullable;

/** The images of this machine, as the command line shows them. Every method answers an exit code. */
@SuppressWarnings("DoNotCallSuggester") // until it is wired
final class LocalImages {
    private LocalImages() {}

    static int list(boolean json) {
        throw Refusal.notBuilt("image ls" + (json ? " --json" : ""));
    }

    static int inspect(String image, boolean json) {
        throw Refusal.notBuilt("image inspect " + image + (json ? " --json" : ""));
    }

    static int build(String name) {
        throw Refusal.notBuilt("image build " + name);
    }

    static int load(String file, String name) {
        throw Refusal.notBuilt("image import " + file + " --name " + name);
    }

    static int pull(String reference, @Nullable String platform) {
        throw Refusal.notBuilt("image pull " + reference + (platform == null ? "" : " --platform " + platform));
    }

    static int remove(String image) {
        throw Refusal.notBuilt("image rm " + image);
    }
}

package dev.redoubt.node.disk;

/** What holds the limit, strongest first. */
public enum Mechanism {
    PROJECT_QUOTA("project quota on the host's file system: bytes and inodes exact"),
    BTRFS("btrfs quota group in our own image: bytes exact, inodes bounded by their bytes"),
    IMAGE("an ext4 image per sandbox: bytes and inodes exact, slower to make"),
    MEMORY("tmpfs: bytes and inodes exact, counts as the sandbox's memory, gone with it");

    private final String description;

    Mechanism(String description) {
        this.description = description;
    }

    public String description() {
        return description;
    }
}

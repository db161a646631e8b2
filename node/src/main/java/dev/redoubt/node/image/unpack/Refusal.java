package dev.redoubt.node.image.unpack;

/** Why an archive is not taken. Each is a way to write where an image has no business, or to exhaust the machine. */
public enum Refusal {
    NOT_AN_ARCHIVE("is not a tar archive"),
    TRUNCATED("ends in the middle"),
    CORRUPT("cannot be decompressed"),
    BAD_HEADER("has a damaged header"),
    UNKNOWN_TYPE("holds an entry of an unknown type"),
    ABSOLUTE_PATH("holds an absolute path"),
    PARENT_PATH("holds a path with .."),
    BAD_NAME("holds an empty name or one with a NUL byte"),
    PATH_TOO_LONG("holds a path that is too long or too deep"),
    THROUGH_SYMLINK("writes through a symbolic link"),
    THROUGH_FILE("writes below something that is not a directory"),
    HARD_LINK("holds a hard link to something outside or not there"),
    DEVICE("holds a device"),
    WHITEOUT("holds a whiteout that deletes nothing an image can have"),
    DUPLICATE("replaces a directory that is not empty"),
    ID_RANGE("holds an owner above 65535"),
    SPARSE("holds a sparse file whose pieces do not fit it"),
    TOO_MANY_ENTRIES("holds too many entries"),
    TOO_BIG("is too big unpacked"),
    BOMB("unpacks to far more than it is"),
    MOUNT_POINT("has something else than a directory where a file system is mounted");

    private final String words;

    Refusal(String words) {
        this.words = words;
    }

    /** The rest of a sentence that begins with "the archive". */
    public String words() {
        return words;
    }
}

package dev.redoubt.node.walls;

/** This host cannot build a wall that every sandbox has. Nothing is started without it. */
public final class MissingWallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String wall;

    public MissingWallException(String wall, String reason) {
        super("cannot build the wall '" + wall + "': " + reason);
        this.wall = wall;
    }

    public String wall() {
        return wall;
    }
}

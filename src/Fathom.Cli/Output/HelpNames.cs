using System.CommandLine;

namespace Fathom.Cli.Output;

/// <summary>What help calls the values of options: by their kind, where an option has no name for them of its own.</summary>
internal static class HelpNames
{
    /// <summary>Names the values of a command's options, and of all commands in it.</summary>
    public static void Set(Command command)
    {
        foreach (Option option in command.Options.Where(option => option.HelpName is null)) option.HelpName = NameOf(option.ValueType);
        foreach (Command inner in command.Subcommands) Set(inner);
    }

    /// <summary>Leaves of what commands say about themselves what comes before the examples: those belong to their own help.</summary>
    public static void Shorten(IEnumerable<Command> commands)
    {
        foreach (Command command in commands) command.Description = command.Description?.Split("\n\n")[0];
    }

    // Null leaves it to the library, which lists the names of an enumeration.
    private static string? NameOf(Type type)
    {
        Type one = type.IsArray ? type.GetElementType()! : Nullable.GetUnderlyingType(type) ?? type;
        if (one == typeof(FileInfo)) return "FILE";
        if (one == typeof(DirectoryInfo)) return "FOLDER";
        if (one == typeof(int) || one == typeof(long) || one == typeof(float) || one == typeof(double) || one == typeof(ulong)) return "NUMBER";
        return one == typeof(string) ? "TEXT" : null;
    }
}

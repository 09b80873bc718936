using Spectre.Console;

namespace Fathom.Cli.Output;

/// <summary>The tables of commands: names on the left, numbers on the right, one line a row.</summary>
internal static class PlainTable
{
    /// <summary>A table with these columns and no rows yet.</summary>
    public static Table With(params string[] columns)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (string column in columns)
        {
            var added = new TableColumn(column) { NoWrap = true };
            table.AddColumn(table.Columns.Count == 0 ? added : added.RightAligned());
        }

        return table;
    }
}

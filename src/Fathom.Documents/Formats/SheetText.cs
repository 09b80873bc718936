using System.Globalization;
using System.Text;
using System.Xml;
using DocumentFormat.OpenXml.Packaging;
using Fathom.Documents.Reading;

namespace Fathom.Documents.Formats;

/// <summary>
/// The text of a workbook: a page for each sheet, a line for each row with its number, cells with <c> | </c> between. Values stand as
/// they are stored, dates as dates; of formulas the value that was last computed.
/// </summary>
internal static class SheetText
{
    /// <summary>More empty cells than this in a row are not drawn; the next value then says its column.</summary>
    private const int LongestGap = 8;

    private const int MostSharedCharacters = 256 << 20;

    /// <returns>The number of sheets.</returns>
    public static int Read(SpreadsheetDocument document, PieceList pieces)
    {
        WorkbookPart workbook = document.WorkbookPart ?? throw new SkipException(SkipReason.Damaged, "is an Excel file without a workbook inside; open and save it again.");
        List<string> shared = workbook.SharedStringTablePart is { } table ? Shared(table, pieces.Cancellation) : [];
        List<bool> dates = workbook.WorkbookStylesPart is { } styles ? DateStyles(styles, pieces.Cancellation) : [];
        var sheets = new List<(string Id, string Name)>();
        bool isFrom1904 = false;
        using (XmlReader reader = Xml.Open(workbook))
        {
            while (reader.Next(pieces.Cancellation))
            {
                if (reader.IsStart("workbookPr")) isFrom1904 = reader.Attribute("date1904") is "1" or "true";
                if (reader.IsStart("sheet") && reader.RelationshipId() is { } id) sheets.Add((id, reader.Attribute("name") ?? "?"));
            }
        }

        for (int i = 0; i < sheets.Count; i++)
        {
            if (!workbook.TryGetPartById(sheets[i].Id, out OpenXmlPart? part)) throw new SkipException(SkipReason.Damaged, $"is an Excel file whose sheet \"{sheets[i].Name}\" is missing; open and save it again.");
            if (part is WorksheetPart sheet) ReadSheet(sheet, i + 1, sheets[i].Name, shared, dates, isFrom1904, pieces);
        }

        return sheets.Count;
    }

    private static void ReadSheet(WorksheetPart part, int page, string name, List<string> shared, List<bool> dates, bool isFrom1904, PieceList pieces)
    {
        using XmlReader reader = Xml.Open(part);
        var row = new StringBuilder();
        var value = new StringBuilder();
        int number = 0;
        int column = 0;
        int lastColumn = 0;
        string? type = null;
        bool isDate = false;
        bool isValue = false;
        while (reader.Next(pieces.Cancellation))
        {
            if (reader.IsStart("row"))
            {
                number = int.TryParse(reader.Attribute("r"), NumberStyles.None, CultureInfo.InvariantCulture, out int given) && given > number ? given : number + 1;
                column = lastColumn = 0;
                row.Clear();
            }
            else if (reader.IsStart("c"))
            {
                column = ColumnOf(reader.Attribute("r")) is > 0 and int at ? at : column + 1;
                type = reader.Attribute("t");
                isDate = int.TryParse(reader.Attribute("s"), NumberStyles.None, CultureInfo.InvariantCulture, out int style) && style < dates.Count && dates[style];
                value.Clear();
            }
            else if (reader.IsStart("v") || reader.IsStart("t"))
            {
                isValue = !reader.IsEmptyElement;
            }
            else if (isValue && reader.IsText())
            {
                value.Append(reader.Value);
            }

            if (reader.IsEnd("v") || reader.IsEnd("t")) isValue = false;
            if (reader.IsEnd("c") && value.Length > 0)
            {
                int gap = column - lastColumn;
                if (gap > LongestGap) row.Append(row.Length > 0 ? " | " : string.Empty).Append(NameOf(column)).Append(": ");
                else row.Insert(row.Length, " | ", lastColumn == 0 ? gap - 1 : Math.Max(gap, 1));
                row.Append(Shown(value.ToString(), type, isDate, isFrom1904, shared).ReplaceLineEndings(" "));
                lastColumn = column;
                value.Clear();
            }
            else if (reader.IsEnd("row"))
            {
                pieces.Add(row.ToString(), number, page, name);
            }
        }
    }

    private static string Shown(string value, string? type, bool isDate, bool isFrom1904, List<string> shared)
    {
        if (type == "s") return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < shared.Count ? shared[index] : throw new SkipException(SkipReason.Damaged, $"is an Excel file that asks for text {value} of {shared.Count}; open and save it again.");
        if (type == "b") return value == "1" ? "TRUE" : "FALSE";
        if (type is not (null or "n")) return value;
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)) return value;
        if (isDate && number is >= 0 and < 2_958_466)
        {
            DateTime date = DateTime.FromOADate(isFrom1904 ? number + 1_462 : number);
            return number < 1 ? date.ToString("HH:mm:ss", CultureInfo.InvariantCulture) : date.ToString(date.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        }

        // Files hold seventeen digits, such as 0.30000000000000004; programs show fifteen.
        return double.IsInteger(number) && Math.Abs(number) < 1e15 ? number.ToString("0", CultureInfo.InvariantCulture) : number.ToString("G15", CultureInfo.InvariantCulture);
    }

    private static List<string> Shared(SharedStringTablePart part, CancellationToken cancellation)
    {
        var texts = new List<string>();
        var text = new StringBuilder();
        long characters = 0;
        using XmlReader reader = Xml.Open(part);
        bool isText = false;
        int phonetic = 0;
        while (reader.Next(cancellation))
        {
            if (reader.IsStart("si")) text.Clear();
            if (reader.IsStart("rPh") && !reader.IsEmptyElement) phonetic++;
            if (reader.IsStart("t")) isText = !reader.IsEmptyElement && phonetic == 0;
            if (isText && reader.IsText()) text.Append(reader.Value);
            if (reader.IsEnd("t")) isText = false;
            if (reader.NodeType == XmlNodeType.EndElement && reader.LocalName == "rPh") phonetic--;
            if (!reader.IsEnd("si")) continue;
            characters += text.Length + 16;
            if (characters > MostSharedCharacters) throw new SkipException(SkipReason.TooLarge, "is an Excel file with more text than can be held; save the sheets that matter as CSV.");
            texts.Add(text.ToString());
        }

        return texts;
    }

    /// <summary>For each cell style, whether it shows numbers as dates.</summary>
    private static List<bool> DateStyles(WorkbookStylesPart part, CancellationToken cancellation)
    {
        var own = new Dictionary<string, bool>(StringComparer.Ordinal);
        var styles = new List<bool>();
        bool isInCells = false;
        using XmlReader reader = Xml.Open(part);
        while (reader.Next(cancellation))
        {
            if (reader.IsStart("numFmt") && reader.Attribute("numFmtId") is { } id) own[id] = IsDateFormat(reader.Attribute("formatCode") ?? string.Empty);
            if (reader.IsStart("cellXfs")) isInCells = !reader.IsEmptyElement;
            else if (reader.IsEnd("cellXfs")) isInCells = false;
            if (!isInCells || !reader.IsStart("xf")) continue;
            string format = reader.Attribute("numFmtId") ?? "0";
            styles.Add(own.TryGetValue(format, out bool isDate) ? isDate : int.TryParse(format, out int number) && number is >= 14 and <= 22 or >= 45 and <= 47);
        }

        return styles;
    }

    /// <summary>Whether a format shows years, days or hours outside of quoted text and brackets.</summary>
    private static bool IsDateFormat(string format)
    {
        bool isQuoted = false;
        bool isBracketed = false;
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c == '\\') i++;
            else if (c == '"') isQuoted = !isQuoted;
            else if (c == '[') isBracketed = true;
            else if (c == ']') isBracketed = false;
            else if (!isQuoted && !isBracketed && c is 'y' or 'd' or 'h' or 'Y' or 'D' or 'H') return true;
        }

        return false;
    }

    private static int ColumnOf(string? reference)
    {
        int column = 0;
        foreach (char c in reference ?? string.Empty)
        {
            if (!char.IsAsciiLetterUpper(c) || column > 20_000) break;
            column = column * 26 + (c - 'A' + 1);
        }

        return column;
    }

    private static string NameOf(int column)
    {
        string name = string.Empty;
        for (; column > 0; column = (column - 1) / 26) name = (char)('A' + (column - 1) % 26) + name;
        return name;
    }
}

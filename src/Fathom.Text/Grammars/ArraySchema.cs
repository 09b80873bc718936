using System.Text.Json;

namespace Fathom.Text.Grammars;

/// <summary>What schemas say about an array: its first items, the others, and how many there are.</summary>
internal sealed class ArraySchema
{
    private readonly SchemaCompiler compiler;
    private readonly List<List<SchemaPart>> first = [];
    private readonly List<SchemaPart> rest = [];
    private readonly bool mayHaveRest = true;
    private readonly int least;
    private readonly int most = RepeatForm.NoLimit;
    private readonly string place = string.Empty;

    public ArraySchema(List<SchemaPart> parts, SchemaCompiler compiler)
    {
        this.compiler = compiler;
        var lists = new List<(List<SchemaPart> First, SchemaPart? Others)>();
        foreach (SchemaPart part in parts)
        {
            if (part.Count("minItems") is { } minimum && minimum > least) (least, place) = (minimum, $"{part.Place}.minItems");
            if (part.Count("maxItems") is { } maximum && maximum < most) (most, place) = (maximum, $"{part.Place}.maxItems");

            // Before 2020 a list under items was what prefixItems is now.
            bool isOld = part["items"] is { ValueKind: JsonValueKind.Array };
            List<SchemaPart> prefix = [.. part.BelowAll(isOld ? "items" : "prefixItems")];
            lists.Add((prefix, part.Below(isOld ? "additionalItems" : "items")));
        }

        for (int index = 0; index < lists.Select(list => list.First.Count).DefaultIfEmpty().Max(); index++)
            first.Add([.. lists.Where(list => index < list.First.Count || list.Others is not null).Select(list => index < list.First.Count ? list.First[index] : list.Others!)]);
        rest.AddRange(lists.Where(list => list.Others is not null).Select(list => list.Others!));

        // A tuple that says nothing about further items could have any; it gets none unless it needs them.
        if (lists.Exists(list => list.First.Count > 0 && list.Others is null) && least <= first.Count) mayHaveRest = false;
    }

    public Form ToForm()
    {
        if (least > most) return Form.Never($"{place}: at least {least} and at most {most} items contradict each other.");
        var items = new List<Form>();
        if (least == 0) items.Add(Form.Empty);
        if (most > 0) items.Add(Form.Sequence(Items(), compiler.Forms.Space));
        return Form.Sequence(Form.Literal("["), compiler.Forms.Space, Form.Choice(items), Form.Literal("]"));
    }

    // All items of an array that has some, built from the last described one to the first.
    private Form Items()
    {
        int described = Math.Min(first.Count, most);
        Form form = described == most ? Form.Empty : Others(described);
        for (int index = described - 1; index >= 0; index--)
        {
            RuleForm item = compiler.RuleOf(first[index], ValueShape.Json);
            if (index == 0) return Form.Sequence(item, form);
            Form more = Form.Sequence(compiler.Forms.Separator(","), item, form);
            form = new RuleForm(place) { Body = index >= least ? Form.Choice(Form.Empty, more) : more };
        }

        return form;
    }

    // The items after the first ones, each with its comma.
    private Form Others(int count)
    {
        int fewest = Math.Max(0, least - count);
        if (!mayHaveRest) return fewest == 0 ? Form.Empty : Form.Never($"{place} asks for more items than are described.");
        RuleForm item = compiler.RuleOf(rest, ValueShape.Json);
        Form more = Form.Sequence(compiler.Forms.Separator(","), item);
        if (count > 0) return Form.Repeat(more, fewest, most == RepeatForm.NoLimit ? most : most - count);
        return Form.Sequence(item, Form.Repeat(more, Math.Max(0, least - 1), most == RepeatForm.NoLimit ? most : most - 1));
    }
}

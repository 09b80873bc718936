using System.Text;

namespace Fathom.Text.Grammars;

/// <summary>
/// What an output, or a part of it, may look like: a tree over bytes that may refer to rules, and through them to
/// itself. It says nothing about how it is followed; <see cref="AutomatonBuilder"/> makes an automaton of it.
/// </summary>
internal abstract record Form
{
    private static readonly BytesForm[] OneByte = [.. Enumerable.Range(0, 256).Select(value => new BytesForm(ByteSet.Range(value, value)))];

    /// <summary>No bytes.</summary>
    public static Form Empty { get; } = new SequenceForm([]);

    /// <summary>One byte of a range.</summary>
    public static Form Byte(int first, int last) => first == last ? OneByte[first] : new BytesForm(ByteSet.Range(first, last));

    /// <summary>Exactly these bytes.</summary>
    public static Form Literal(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 1) return OneByte[bytes[0]];
        var parts = new Form[bytes.Length];
        for (int i = 0; i < parts.Length; i++) parts[i] = OneByte[bytes[i]];
        return new SequenceForm(parts);
    }

    /// <summary>Exactly this text in UTF-8.</summary>
    public static Form Literal(string text) => Literal(Encoding.UTF8.GetBytes(text));

    /// <summary>One after the other.</summary>
    public static Form Sequence(params IReadOnlyList<Form> parts) => parts.Count == 1 ? parts[0] : new SequenceForm(parts);

    /// <summary>One of several; single bytes are drawn together.</summary>
    public static Form Choice(params IReadOnlyList<Form> options)
    {
        if (options.Count == 1) return options[0];
        ByteSet bytes = default;
        var others = new List<Form>();
        foreach (Form option in options)
        {
            if (option is BytesForm { Set: { } set }) bytes = bytes.Union(set);
            else others.Add(option);
        }

        if (!bytes.IsEmpty) others.Add(new BytesForm(bytes));
        return others.Count == 1 ? others[0] : new ChoiceForm(others);
    }

    /// <summary>The form or nothing.</summary>
    public static Form Optional(Form form) => new RepeatForm(form, 0, 1);

    /// <summary>The form several times.</summary>
    /// <param name="form">What is repeated.</param>
    /// <param name="least">The smallest count.</param>
    /// <param name="most">The largest count; <see cref="RepeatForm.NoLimit"/> for none.</param>
    public static Form Repeat(Form form, int least, int most = RepeatForm.NoLimit) =>
        most < least ? new NeverForm($"At least {least} and at most {most} repetitions contradict each other.") : new RepeatForm(form, least, most);

    /// <summary>Nothing can have this form.</summary>
    /// <param name="reason">A sentence for the user.</param>
    public static Form Never(string reason) => new NeverForm(reason);
}

/// <summary>One byte out of a set.</summary>
internal sealed record BytesForm(ByteSet Set) : Form;

/// <summary>Parts one after the other; none at all is the empty form.</summary>
internal sealed record SequenceForm(IReadOnlyList<Form> Parts) : Form;

/// <summary>One of several options.</summary>
internal sealed record ChoiceForm(IReadOnlyList<Form> Options) : Form;

/// <summary>A body repeated.</summary>
internal sealed record RepeatForm(Form Body, int Least, int Most) : Form
{
    public const int NoLimit = int.MaxValue;
}

/// <summary>What cannot be.</summary>
internal sealed record NeverForm(string Reason) : Form;

/// <summary>A rule: a form with a name, which may refer to itself. The body comes after the references to it.</summary>
internal sealed record RuleForm(string Name) : Form
{
    public Form Body { get; set; } = Empty;

    // Rules are themselves, not what they say: their bodies may run in circles.
    public bool Equals(RuleForm? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

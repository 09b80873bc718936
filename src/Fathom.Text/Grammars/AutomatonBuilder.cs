namespace Fathom.Text.Grammars;

/// <summary>
/// Makes an automaton of a form. Everything impossible is cut away, so that whoever follows the automaton can always
/// reach an end. Rules and counted bodies that may be empty are built a second time without the empty output, and
/// called as "the rule or nothing".
/// </summary>
internal sealed class AutomatonBuilder
{
    private const int MostPositions = 200_000;

    // Short bodies are repeated in place up to this many form nodes; beyond, repetitions are counted while matching.
    private const int MostUnrolled = 64;

    private readonly FormAnalysis analysis;
    private readonly List<Position> positions = [new(PositionKind.Return, 0, 0)];
    private readonly Dictionary<ByteSet, int> sets = [];
    private readonly List<int[]> forks = [];
    private readonly Dictionary<(Form, bool), int> rules = new(new ByIdentity());
    private readonly List<(string Name, int Start)> built = [];
    private readonly Queue<(int Rule, Form Body, bool IsNonEmpty)> waiting = new();

    private AutomatonBuilder(FormAnalysis analysis) => this.analysis = analysis;

    /// <exception cref="GrammarException">Nothing has the form, it is too large, or a rule begins with itself.</exception>
    public static Automaton Build(RuleForm root)
    {
        FormAnalysis analysis = FormAnalysis.Of(root);
        if (!analysis.IsPossible(root)) throw new GrammarException(analysis.Explain(root));
        var builder = new AutomatonBuilder(analysis);
        int start = builder.Emit(root, Automaton.Return);
        while (builder.waiting.TryDequeue(out (int Rule, Form Body, bool IsNonEmpty) next))
        {
            int at = next.IsNonEmpty ? builder.EmitNonEmpty(next.Body, Automaton.Return) : builder.Emit(next.Body, Automaton.Return);
            builder.built[next.Rule] = (builder.built[next.Rule].Name, at);
        }

        return builder.Finish(start);
    }

    private Automaton Finish(int start)
    {
        ByteSet[] ordered = [.. sets.OrderBy(pair => pair.Value).Select(pair => pair.Key)];
        (byte[] classOfByte, byte[] byteOfClass) = Classes(ordered);
        return new Automaton
        {
            Positions = [.. positions],
            Sets = ordered,
            Forks = [.. forks],
            RuleStarts = [.. built.Select(rule => rule.Start)],
            RuleRanks = Ranks(),
            Start = start,
            ClassOfByte = classOfByte,
            ByteOfClass = byteOfClass,
        };
    }

    private int Emit(Form form, int next)
    {
        switch (form)
        {
            case BytesForm bytes: return AddBytes(bytes, next);
            case SequenceForm sequence:
                for (int i = sequence.Parts.Count - 1; i >= 0; i--) next = Emit(sequence.Parts[i], next);
                return next;
            case ChoiceForm choice: return AddFork([.. choice.Options.Where(analysis.IsPossible).Select(option => Emit(option, next))]);
            case RepeatForm repeat: return EmitRepeat(repeat.Body, repeat.Least, repeat.Most, next);
            default:
                if (!analysis.IsNullable(form)) return AddCall(form, isNonEmpty: false, next);
                int call = analysis.IsMoreThanEmpty(form) ? AddCall(form, isNonEmpty: true, next) : next;
                return AddFork([call, next]);
        }
    }

    private int EmitRepeat(Form body, int least, int most, int next)
    {
        if (most == 0 || !analysis.IsPossible(body)) return next;
        bool isNullable = analysis.IsNullable(body);
        if (isNullable) least = 0;
        bool isUnlimited = most == RepeatForm.NoLimit;
        int copies = isUnlimited ? least : most;
        if (copies <= 1 || (long)copies * SizeOf(body) <= MostUnrolled)
        {
            int at = next;
            if (isUnlimited) at = EmitStar(body, next, mayBeNone: least == 0);
            else for (int i = least; i < most; i++) at = AddFork([Emit(body, at), next]);
            for (int i = isUnlimited ? 1 : 0; i < least; i++) at = Emit(body, at);
            return at;
        }

        return isNullable && !analysis.IsMoreThanEmpty(body) ? next : Add(new Position(PositionKind.Loop, RuleOf(body, isNullable), next, least, most));
    }

    // A circle through the body; entered before the body or in front of the way out. One copy, or nested ones would double.
    private int EmitStar(Form body, int next, bool mayBeNone)
    {
        int fork = AddFork([next, next]);
        int start = forks[positions[fork].Index][0] = Emit(body, fork);
        return mayBeNone ? fork : start;
    }

    // As Emit, without the empty output. Only for forms that have others as well (FormAnalysis.IsMoreThanEmpty).
    private int EmitNonEmpty(Form form, int next)
    {
        if (!analysis.IsNullable(form)) return Emit(form, next);
        switch (form)
        {
            case SequenceForm sequence:
                // The first part that is not empty may be any of them.
                var starts = new List<int>();
                for (int i = sequence.Parts.Count - 1; i >= 0; i--)
                {
                    if (analysis.IsMoreThanEmpty(sequence.Parts[i])) starts.Add(EmitNonEmpty(sequence.Parts[i], next));
                    next = Emit(sequence.Parts[i], next);
                }

                return AddFork([.. starts]);
            case ChoiceForm choice:
                return AddFork([.. choice.Options.Where(analysis.IsMoreThanEmpty).Select(option => EmitNonEmpty(option, next))]);
            case RepeatForm repeat:
                int most = repeat.Most == RepeatForm.NoLimit ? repeat.Most : repeat.Most - 1;
                return EmitNonEmpty(repeat.Body, EmitRepeat(repeat.Body, Math.Max(0, repeat.Least - 1), most, next));
            default:
                return AddCall(form, isNonEmpty: true, next);
        }
    }

    private int RuleOf(Form form, bool isNonEmpty)
    {
        if (rules.TryGetValue((form, isNonEmpty), out int known)) return known;
        int index = built.Count;
        rules.Add((form, isNonEmpty), index);
        built.Add((form is RuleForm named ? named.Name : "A repetition", -1));
        waiting.Enqueue((index, form is RuleForm rule ? rule.Body : form, isNonEmpty));
        return index;
    }

    private int AddCall(Form form, bool isNonEmpty, int next) => Add(new Position(PositionKind.Call, RuleOf(form, isNonEmpty), next));

    private int AddBytes(BytesForm bytes, int next)
    {
        if (!sets.TryGetValue(bytes.Set, out int index)) sets.Add(bytes.Set, index = sets.Count);
        return Add(new Position(PositionKind.Bytes, index, next));
    }

    private int AddFork(int[] targets)
    {
        if (targets.Length == 1) return targets[0];
        forks.Add(targets);
        return Add(new Position(PositionKind.Fork, forks.Count - 1, 0));
    }

    private int Add(Position position)
    {
        if (positions.Count >= MostPositions) throw new GrammarException($"The form is too large: it needs more than {MostPositions} states.");
        positions.Add(position);
        return positions.Count - 1;
    }

    private static int SizeOf(Form form) => form switch
    {
        SequenceForm sequence => SumUpTo(sequence.Parts),
        ChoiceForm choice => 1 + SumUpTo(choice.Options),
        RepeatForm repeat => (int)Math.Min(MostUnrolled + 1, 1 + (long)SizeOf(repeat.Body) * (repeat.Most == RepeatForm.NoLimit ? repeat.Least + 1L : repeat.Most)),
        _ => 1,
    };

    private static int SumUpTo(IReadOnlyList<Form> forms)
    {
        int sum = 0;
        for (int i = 0; i < forms.Count && sum <= MostUnrolled; i++) sum += SizeOf(forms[i]);
        return sum;
    }

    // Orders the rules by which begins with which; what is left over begins with itself.
    private int[] Ranks()
    {
        List<int>[] first = [.. built.Select(rule => FirstCalls(rule.Start))];
        var callers = new int[first.Length];
        foreach (int called in first.SelectMany(calls => calls)) callers[called]++;
        var ranks = new int[first.Length];
        var ready = new Queue<int>(Enumerable.Range(0, first.Length).Where(rule => callers[rule] == 0));
        int done = 0;
        while (ready.TryDequeue(out int rule))
        {
            done++;
            foreach (int called in first[rule])
            {
                ranks[called] = Math.Max(ranks[called], ranks[rule] + 1);
                if (--callers[called] == 0) ready.Enqueue(called);
            }
        }

        if (done == first.Length) return ranks;
        throw new GrammarException($"{NameInCircle(first, callers)} begins with itself (left recursion); write the repetition to the right or with a star.");
    }

    // Going from callee to caller among the rules that are left over ends in a circle.
    private string NameInCircle(List<int>[] first, int[] callers)
    {
        var callerOf = new int[first.Length];
        for (int rule = 0; rule < first.Length; rule++)
        {
            if (callers[rule] == 0) continue;
            foreach (int called in first[rule]) callerOf[called] = rule;
        }

        int at = Array.FindIndex(callers, count => count > 0);
        var seen = new HashSet<int>();
        while (seen.Add(at)) at = callerOf[at];
        return built[at].Name;
    }

    private List<int> FirstCalls(int start)
    {
        var calls = new HashSet<int>();
        var seen = new HashSet<int> { start };
        var open = new Stack<int>([start]);
        while (open.TryPop(out int at))
        {
            Position position = positions[at];
            if (position.Kind is PositionKind.Call or PositionKind.Loop) calls.Add(position.Index);
            if (position.Kind == PositionKind.Loop && position.Least == 0 && seen.Add(position.Next)) open.Push(position.Next);
            if (position.Kind != PositionKind.Fork) continue;
            foreach (int target in forks[position.Index])
            {
                if (seen.Add(target)) open.Push(target);
            }
        }

        return [.. calls];
    }

    private static (byte[] ClassOfByte, byte[] ByteOfClass) Classes(ByteSet[] sets)
    {
        var classOf = new int[256];
        int count = 1;
        foreach (ByteSet set in sets)
        {
            if (count == 256) break;
            var renamed = new Dictionary<(int, bool), int>();
            for (int value = 0; value < 256; value++)
            {
                (int, bool) key = (classOf[value], set.Contains(value));
                if (!renamed.TryGetValue(key, out int name)) renamed.Add(key, name = renamed.Count);
                classOf[value] = name;
            }

            count = renamed.Count;
        }

        var byteOfClass = new byte[count];
        for (int value = 0; value < 256; value++) byteOfClass[classOf[value]] = (byte)value;
        return ([.. classOf.Select(name => (byte)name)], byteOfClass);
    }

    // Forms are compared as objects here: two equal bodies may be built twice, but finding that out would cost more.
    private sealed class ByIdentity : IEqualityComparer<(Form Form, bool IsNonEmpty)>
    {
        public bool Equals((Form Form, bool IsNonEmpty) x, (Form Form, bool IsNonEmpty) y) => ReferenceEquals(x.Form, y.Form) && x.IsNonEmpty == y.IsNonEmpty;

        public int GetHashCode((Form Form, bool IsNonEmpty) value) => HashCode.Combine(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(value.Form), value.IsNonEmpty);
    }
}

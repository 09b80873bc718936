namespace Fathom.Text.Grammars;

/// <summary>What must be known of rules before an automaton can be made: which of them can end at all, and which can be empty.</summary>
internal sealed class FormAnalysis
{
    private readonly HashSet<RuleForm> possible = [];
    private readonly HashSet<RuleForm> nullable = [];
    private readonly HashSet<RuleForm> moreThanEmpty = [];

    private FormAnalysis()
    {
    }

    /// <summary>Looks at everything that can be reached from a form.</summary>
    public static FormAnalysis Of(RuleForm root)
    {
        var users = new Dictionary<RuleForm, List<RuleForm>> { [root] = [] };
        var waiting = new Queue<RuleForm>([root]);
        while (waiting.TryDequeue(out RuleForm? rule))
        {
            foreach (RuleForm used in RulesIn(rule.Body))
            {
                if (users.TryAdd(used, [])) waiting.Enqueue(used);
                users[used].Add(rule);
            }
        }

        var analysis = new FormAnalysis();
        Grow(users, analysis.possible, analysis.IsPossible);
        Grow(users, analysis.nullable, analysis.IsNullable);
        Grow(users, analysis.moreThanEmpty, analysis.IsMoreThanEmpty);
        return analysis;
    }

    /// <summary>Whether any finite output has the form.</summary>
    public bool IsPossible(Form form) => form switch
    {
        SequenceForm sequence => sequence.Parts.All(IsPossible),
        ChoiceForm choice => choice.Options.Any(IsPossible),
        RepeatForm repeat => repeat.Least == 0 || IsPossible(repeat.Body),
        RuleForm rule => possible.Contains(rule),
        _ => form is BytesForm,
    };

    /// <summary>Whether no bytes at all have the form.</summary>
    public bool IsNullable(Form form) => form switch
    {
        SequenceForm sequence => sequence.Parts.All(IsNullable),
        ChoiceForm choice => choice.Options.Any(IsNullable),
        RepeatForm repeat => repeat.Least == 0 || IsNullable(repeat.Body),
        RuleForm rule => nullable.Contains(rule),
        _ => false,
    };

    /// <summary>Whether an output that is not empty has the form.</summary>
    public bool IsMoreThanEmpty(Form form) => form switch
    {
        SequenceForm sequence => IsPossible(form) && sequence.Parts.Any(IsMoreThanEmpty),
        ChoiceForm choice => choice.Options.Any(IsMoreThanEmpty),
        RepeatForm repeat => repeat.Most > 0 && IsMoreThanEmpty(repeat.Body),
        RuleForm rule => moreThanEmpty.Contains(rule),
        _ => form is BytesForm,
    };

    /// <summary>Why a form is impossible: the first reason found.</summary>
    public string Explain(Form form)
    {
        var seen = new HashSet<RuleForm>();
        while (true)
        {
            switch (form)
            {
                case NeverForm never: return never.Reason;
                case SequenceForm sequence: form = sequence.Parts.First(part => !IsPossible(part)); break;
                case ChoiceForm { Options.Count: > 0 } choice: form = choice.Options[0]; break;
                case RepeatForm repeat: form = repeat.Body; break;
                case RuleForm rule when !seen.Add(rule): return $"{rule.Name} refers to itself without an end.";
                case RuleForm rule: form = rule.Body; break;
                default: return "The form has no options.";
            }
        }
    }

    // A rule holds as soon as its body does; whoever uses it is asked again.
    private static void Grow(Dictionary<RuleForm, List<RuleForm>> users, HashSet<RuleForm> holding, Func<Form, bool> holds)
    {
        var waiting = new Queue<RuleForm>(users.Keys);
        while (waiting.TryDequeue(out RuleForm? rule))
        {
            if (holding.Contains(rule) || !holds(rule.Body)) continue;
            holding.Add(rule);
            foreach (RuleForm user in users[rule]) waiting.Enqueue(user);
        }
    }

    private static HashSet<RuleForm> RulesIn(Form form)
    {
        var found = new HashSet<RuleForm>();
        var waiting = new Stack<Form>([form]);
        while (waiting.TryPop(out Form? next))
        {
            switch (next)
            {
                case RuleForm rule: found.Add(rule); break;
                case RepeatForm repeat: waiting.Push(repeat.Body); break;
                case SequenceForm sequence: foreach (Form part in sequence.Parts) waiting.Push(part); break;
                case ChoiceForm choice: foreach (Form option in choice.Options) waiting.Push(option); break;
            }
        }

        return found;
    }
}

using System.Runtime.InteropServices;

namespace Fathom.Text.Grammars;

/// <summary>
/// Finds states and their successors, and remembers them. Calls that start at the same byte share one callee (a
/// graph-structured stack), so ambiguous forms stay polynomial. Not safe for threads; <see cref="MaskCache"/> locks it.
/// </summary>
/// <param name="automaton">What is followed.</param>
/// <param name="horizon">
/// Bytes of the longest token. A counter farther than this from its limits is as good as any other one that is: in
/// canonical frames it stands on the first such value, so that a long string with a maximal length has few masks.
/// </param>
internal sealed class StateTable(Automaton automaton, int horizon)
{
    // A table that has grown to this many objects starts afresh; states in use stay valid. About 100 MB at worst.
    private const int MostObjects = 400_000;

    // What one mask may cost before the form counts as too ambiguous to follow.
    private const int MostWork = 4_000_000;

    private readonly Dictionary<(int Position, int Count, long Below), Frame> frames = [];
    private readonly Dictionary<Key, FrameSet> frameSets = [];
    private readonly Dictionary<Key, MatchState> states = [];
    private readonly HashSet<(int Position, int Count, long Below)> seen = [];
    private readonly Stack<(int Position, int Count, FrameSet Below)> open = new();
    private readonly SortedDictionary<(int Rank, int Rule), HashSet<Frame>> calls = [];
    private readonly List<(int Position, FrameSet Below)> items = [];
    private bool isComplete;
    private long ids;
    private int objects;
    private int generation;
    private long work;

    private FrameSet Bottom => field ??= NewBottom();

    /// <summary>The state of an empty output.</summary>
    public MatchState Start()
    {
        Open(automaton.Start, 0, Bottom);
        return Close();
    }

    /// <summary>Called between outputs' steps: bounds memory, and brings a state of an earlier life into this one.</summary>
    public MatchState Refresh(MatchState state)
    {
        work = 0;
        if (objects > MostObjects)
        {
            // Ids go on, so that old and new objects are never mistaken for each other.
            frames.Clear();
            frameSets.Clear();
            states.Clear();
            objects = 0;
            generation++;
        }

        return state.Generation == generation ? state : Intern([.. state.Items], state.IsComplete);
    }

    /// <summary>The state after one more byte; a dead and incomplete one when the byte does not fit.</summary>
    /// <exception cref="GrammarException">The form is too ambiguous to follow.</exception>
    public MatchState Step(MatchState state, byte value)
    {
        if (state.IsDead) return state.IsComplete ? Dead : state;
        int byteClass = automaton.ClassOfByte[value];
        return state.Next[byteClass] ??= FindNext(state, automaton.ByteOfClass[byteClass]);
    }

    /// <summary>The state in which counts stand on canonical values. It allows the same tokens.</summary>
    public MatchState CanonicalOf(MatchState state)
    {
        if (state.Canonical is { } known && known.Generation == generation) return known;
        if (Array.TrueForAll(state.Items, item => item.Below.Canonical == item.Below)) return state.Canonical = state;
        var moved = new HashSet<(int Position, FrameSet Below)>();
        foreach ((int position, FrameSet below) in state.Items) moved.Add((position, below.Canonical));
        return state.Canonical = Intern([.. moved], state.IsComplete);
    }

    private MatchState Dead => field ??= new MatchState([], false, 0, 0);

    private MatchState FindNext(MatchState state, byte value)
    {
        foreach ((int at, FrameSet below) in state.Items)
        {
            Position position = automaton.Positions[at];
            if (automaton.Sets[position.Index].Contains(value)) Open(position.Next, 0, below);
        }

        return open.Count == 0 ? Dead : Close();
    }

    private void Open(int position, int count, FrameSet below)
    {
        if (seen.Add((position, count, below.Id))) open.Push((position, count, below));
    }

    // First follows everything without starting a rule, then starts rules by rank: by then all callers of a rule are known.
    private MatchState Close()
    {
        Follow();
        while (calls.Count > 0)
        {
            ((int Rank, int Rule) next, HashSet<Frame> callers) = calls.First();
            calls.Remove(next);
            Open(automaton.RuleStarts[next.Rule], 0, Intern(callers));
            Follow();
        }

        work += seen.Count;
        MatchState state = Intern(items, isComplete);
        seen.Clear();
        items.Clear();
        isComplete = false;
        if (work > MostWork) throw new GrammarException("The form can be read in too many ways at once to be followed; make its repetitions less ambiguous.");
        return state;
    }

    private void Follow()
    {
        while (open.TryPop(out (int Position, int Count, FrameSet Below) at))
        {
            Position position = automaton.Positions[at.Position];
            switch (position.Kind)
            {
                case PositionKind.Bytes:
                    items.Add((at.Position, at.Below));
                    break;
                case PositionKind.Fork:
                    foreach (int target in automaton.Forks[position.Index]) Open(target, 0, at.Below);
                    break;
                case PositionKind.Call:
                    Call(position.Index, position.Next, 0, at.Below);
                    break;
                case PositionKind.Loop:
                    if (at.Count < position.Most) Call(position.Index, at.Position, CountAfter(position, at.Count), at.Below);
                    if (at.Count >= position.Least) Open(position.Next, 0, at.Below);
                    break;
                default:
                    Return(at.Below);
                    break;
            }
        }
    }

    private void Return(FrameSet below)
    {
        foreach (Frame frame in below.Frames)
        {
            if (frame.Below is null) isComplete = true;
            else Open(frame.Position, frame.Count, frame.Below);
        }
    }

    private void Call(int rule, int next, int count, FrameSet below)
    {
        (int, int) key = (automaton.RuleRanks[rule], rule);
        if (!calls.TryGetValue(key, out HashSet<Frame>? callers)) calls.Add(key, callers = []);

        // A call at the end of a rule leaves nothing to come back for: recursion to the right needs no room.
        if (next == Automaton.Return) callers.UnionWith(below.Frames);
        else callers.Add(Intern(next, count, below));
    }

    // Without an upper limit only the way to the lower one is counted.
    private static int CountAfter(Position loop, int count) =>
        loop.Most == RepeatForm.NoLimit ? Math.Min(count + 1, Math.Max(loop.Least, 0)) : count + 1;

    private int CanonicalCount(int at, int count)
    {
        Position loop = automaton.Positions[at];
        if (loop.Kind != PositionKind.Loop) return count;
        if ((long)count + horizon < loop.Least) return 0;
        bool isFarFromMost = loop.Most == RepeatForm.NoLimit || (long)count + horizon < loop.Most;
        return count >= loop.Least && isFarFromMost ? loop.Least : count;
    }

    private Frame Intern(int position, int count, FrameSet below)
    {
        ref Frame? frame = ref CollectionsMarshal.GetValueRefOrAddDefault(frames, (position, count, below.Id), out bool isKnown);
        if (isKnown) return frame!;
        Frame added = frame = new Frame(ids++, position, count, below);
        objects++;
        int canonical = CanonicalCount(position, count);
        added.Canonical = canonical == count && below.Canonical == below ? added : Intern(position, canonical, below.Canonical);
        return added;
    }

    private FrameSet Intern(IReadOnlyCollection<Frame> set)
    {
        Frame[] sorted = [.. set];
        Array.Sort(sorted, static (x, y) => x.Id.CompareTo(y.Id));
        var key = new Key([.. sorted.Select(frame => frame.Id)]);
        if (frameSets.TryGetValue(key, out FrameSet? known)) return known;
        var added = new FrameSet(ids++, sorted);
        frameSets.Add(key, added);
        objects += sorted.Length;
        added.Canonical = Array.TrueForAll(sorted, frame => frame.Canonical == frame) ? added : Intern([.. sorted.Select(frame => frame.Canonical).ToHashSet()]);
        return added;
    }

    private MatchState Intern(List<(int Position, FrameSet Below)> list, bool complete)
    {
        list.Sort(static (x, y) => x.Position != y.Position ? x.Position.CompareTo(y.Position) : x.Below.Id.CompareTo(y.Below.Id));
        var values = new long[2 * list.Count + 1];
        values[0] = complete ? 1 : 0;
        for (int i = 0; i < list.Count; i++) (values[2 * i + 1], values[2 * i + 2]) = (list[i].Position, list[i].Below.Id);
        var key = new Key(values);
        if (states.TryGetValue(key, out MatchState? known)) return known;
        var added = new MatchState([.. list], complete, automaton.ByteOfClass.Length, generation);
        states.Add(key, added);
        objects += 1 + list.Count + automaton.ByteOfClass.Length / 8;
        return added;
    }

    private FrameSet NewBottom()
    {
        var frame = new Frame(ids++, -1, 0, null);
        frame.Canonical = frame;
        var set = new FrameSet(ids++, [frame]);
        set.Canonical = set;
        return set;
    }

    private readonly struct Key : IEquatable<Key>
    {
        private readonly long[] values;
        private readonly int hash;

        public Key(long[] values)
        {
            this.values = values;
            var code = new HashCode();
            code.AddBytes(MemoryMarshal.AsBytes(values.AsSpan()));
            hash = code.ToHashCode();
        }

        public bool Equals(Key other) => hash == other.hash && values.AsSpan().SequenceEqual(other.values);

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => hash;
    }
}

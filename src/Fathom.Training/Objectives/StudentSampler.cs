using Fathom.Inference;
using Fathom.Model;
using Fathom.Text;
using Fathom.Training.Data;
using Fathom.Training.Network;
using Fathom.Training.Run;

namespace Fathom.Training.Objectives;

/// <summary>Lets the student answer prompts: its parameters are exported into a folder and the engine samples from them, all prompts at once.</summary>
internal sealed class StudentSampler(V4Config config, Parameters parameters, DistillConfig distill, string tokenizer, string folder, long seed)
{
    private readonly int end = Tokenizer.Load(tokenizer).FindAddedToken(Markup.Eos)!.Value;

    /// <summary>The prompts with the answers, as samples whose weight is on the answers. Long prompts are cut at the beginning, so that both fit into a row.</summary>
    public Sample[] Answer(IReadOnlyList<int[]> prompts, TrainStage stage, long number)
    {
        Exporter.Write(folder, config, parameters, null, stage.IsQuantised);
        using V4Model model = V4Model.Open(folder, new V4ModelOptions { Profile = NumericProfile.Plain });
        int room = stage.Length - Math.Min(distill.AnswerTokens, stage.Length / 2);
        Speaker[] speakers = [.. prompts.Select((prompt, i) => new Speaker(model, prompt.Length > room ? prompt[^room..] : prompt, distill, stage.Length, unchecked((number + i) * 0x9E3779B1L) + seed))];
        try
        {
            foreach (Speaker speaker in speakers) speaker.Read();
            for (Speaker[] open = Unfinished(speakers); open.Length > 0; open = Unfinished(open))
            {
                foreach (Speaker[] part in open.Chunk(model.MaxBatchRows))
                {
                    var batch = new Batch();
                    foreach (Speaker speaker in part) batch.Add(speaker.Session, speaker.Next);
                    Logits logits = model.Forward(batch);
                    for (int i = 0; i < part.Length; i++) part[i].Say(logits[i]);
                }
            }

            return [.. speakers.Select(speaker => speaker.ToSample())];
        }
        finally
        {
            foreach (Speaker speaker in speakers) speaker.Session.Dispose();
        }
    }

    private Speaker[] Unfinished(Speaker[] speakers) => [.. speakers.Where(speaker => !speaker.IsDone(end))];

    private sealed class Speaker(V4Model model, int[] prompt, DistillConfig distill, int length, long seed)
    {
        private readonly Sampler sampler = new(new SamplingOptions { Temperature = distill.Temperature, Seed = seed });
        private readonly int most = Math.Min(distill.AnswerTokens, length - prompt.Length);
        private readonly List<int> answer = [];

        public ISession Session { get; } = model.CreateSession();

        public ReadOnlyMemory<int> Next => new[] { answer[^1] };

        public bool IsDone(int end) => answer.Count >= most || answer[^1] == end;

        public void Read() => Say(model.Read(Session, prompt)[0]);

        public void Say(ReadOnlySpan<float> logits) => answer.Add(sampler.Sample(logits));

        public Sample ToSample() => new Sample.Builder().Add(prompt, 0f).Add([.. answer], 1f).Build();
    }
}

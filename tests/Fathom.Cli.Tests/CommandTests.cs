using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Fathom.Cli.Output;

namespace Fathom.Cli.Tests;

public sealed class CommandTests
{
    [Fact]
    public async Task Run_answers_on_stdout_and_tells_the_speed_on_stderr()
    {
        string[] arguments = ["run", "Why is the sky blue?", "--max-tokens", "12", "--seed", "1"];
        FathomProcess.Result first = await FathomProcess.RunAsync(arguments), second = await FathomProcess.RunAsync(arguments);
        Assert.Equal(0, first.ExitCode);
        Assert.NotEmpty(first.Output.Trim());
        Assert.DoesNotContain('\u001b', first.Output);
        Assert.Contains("tokens/s", first.Error, StringComparison.Ordinal);
        Assert.Equal(first.Output, second.Output);
    }

    [Fact]
    public async Task Run_takes_the_prompt_from_stdin_and_writes_json()
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["run", "--json", "--max-tokens", "5", "--think", "max", "--logit-nothing"], "hi");
        Assert.Equal(2, result.ExitCode);

        result = await FathomProcess.RunAsync(["run", "--json", "--max-tokens", "5", "--think", "max", "--seed", "1"], "hi");
        Assert.Equal(0, result.ExitCode);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal("length", document.RootElement.GetProperty("finish_reason").GetString());
        Assert.Equal(5, document.RootElement.GetProperty("usage").GetProperty("reasoning_tokens").GetInt32());
        Assert.Equal("assistant", document.RootElement.GetProperty("message").GetProperty("role").GetString());
    }

    [Fact]
    public async Task A_memory_budget_that_makes_no_sense_is_refused_and_one_that_does_changes_nothing()
    {
        FathomProcess.Result nonsense = await FathomProcess.RunAsync(["run", "hi", "--memory", "lots"]);
        Assert.Equal(2, nonsense.ExitCode);
        Assert.Contains("'lots' is no amount of memory; write a number and a unit, such as 24GB", nonsense.Error, StringComparison.Ordinal);

        FathomProcess.Result little = await FathomProcess.RunAsync(["run", "hi", "--memory", "10MB"]);
        Assert.NotEqual(0, little.ExitCode);
        Assert.Contains("is the least that works", little.Error, StringComparison.Ordinal);

        string[] arguments = ["run", "hi", "--max-tokens", "5", "--temperature", "0"];
        Assert.Equal((await FathomProcess.RunAsync(arguments)).Output, (await FathomProcess.RunAsync([.. arguments, "--memory", "8GB"])).Output);
    }

    [Fact]
    public async Task Run_puts_files_into_the_prompt()
    {
        FathomProcess.Result without = await FathomProcess.RunAsync(["run", "x", "--json", "--max-tokens", "1"]);
        FathomProcess.Result with = await FathomProcess.RunAsync(["run", "x", "--json", "--max-tokens", "1", "--file", Repository.PathOf("LICENSE")]);
        Assert.True(PromptTokens(with) > PromptTokens(without) + 200);

        static int PromptTokens(FathomProcess.Result result) => JsonDocument.Parse(result.Output).RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32();
    }

    [Theory]
    [InlineData(1, "no model /nowhere", "run", "hi", "--model", "/nowhere")]
    [InlineData(1, "Temperature", "run", "hi", "--temperature", "-1")]
    [InlineData(1, "MaxTokens", "run", "hi", "--max-tokens=-1")]
    [InlineData(1, "effort", "run", "hi", "--think", "ultra")]
    [InlineData(1, "--threads must be at least 1, not 0.", "run", "hi", "--threads", "0")]
    [InlineData(2, "Cannot parse argument 'abc' for option '--seed'. See", "run", "hi", "--seed", "abc")]
    [InlineData(1, "tokenizer.json: expected this file, found none", "tokenize", "x", "--model", "/")]
    [InlineData(2, "--bogus", "run", "--bogus")]
    [InlineData(2, "nonsense", "nonsense")]
    [InlineData(1, "stdin is empty", "run")]
    [InlineData(1, "not well-formed JSON", "render")]
    [InlineData(1, "not well-formed JSON", "parse")]
    [InlineData(1, "missing.json", "logits", "--ids", "missing.json", "--out", "x.safetensors")]
    [InlineData(1, "--chunk", "logits", "--text", "a", "--out", "x.safetensors", "--chunk", "0")]
    [InlineData(2, "--out", "synth")]
    [InlineData(1, "--layers", "synth", "--layers", "0,x", "--out", "x")]
    [InlineData(1, "name a file that ends in .gguf", "convert", "models/builtin", "x")]
    [InlineData(1, "--names is about folders", "convert", "models/builtin", "x.gguf", "--names", "transformers")]
    [InlineData(1, "DEST must end in .gguf", "quantize", "models/builtin", "x", "--experts", "q4_k")]
    [InlineData(1, "--experts takes q4_k, q2_k, iq2_xxs, not 'q3_k'", "quantize", "models/builtin", "x.gguf", "--experts", "q3_k")]
    [InlineData(2, "--text", "imatrix", "--output", "x")]
    [InlineData(1, "--context must be at least 2", "eval", "perplexity", "--text", "models/builtin/config.json", "--context", "1")]
    [InlineData(2, "--reference", "eval", "divergence", "--text", "x")]
    [InlineData(1, "missing.json", "inspect", "--config", "missing.json")]
    [InlineData(2, "There is no option --nonsense; a prompt that begins with two dashes goes in on stdin.", "run", "--nonsense", "hi")]
    [InlineData(1, "The name of the model is empty", "inspect", "")]
    [InlineData(1, "tokenizer.json is a file, but no .gguf file; name one, or the folder", "inspect", "models/builtin/tokenizer.json")]
    [InlineData(1, "DEST is empty", "convert", "models/builtin", "")]
    [InlineData(1, "There is no file ", "quantize", "models/builtin", "x.gguf", "--experts", "q4_k", "--imatrix", "missing.imatrix")]
    [InlineData(1, "A memory budget of 1,000 bytes is too small for this model", "run", "hi", "--memory", "1KB")]
    [InlineData(2, "See 'fathom models show --help'.", "models", "show")]
    [InlineData(2, "'fathom models' needs one of its commands: list, show, verify, remove, prune, import. See 'fathom models --help'.", "models")]
    [InlineData(2, "'fathom eval' has no command 'nothing'; it has recall, documents, rounding, perplexity, divergence. See 'fathom eval --help'.", "eval", "nothing")]
    [InlineData(2, "'fathom' has no command 'runn'; it has run, chat, ", "runn", "hi")]
    [InlineData(1, "is a folder; name a file.", "run", "hi", "--file", ".")]
    [InlineData(1, "There is no file ", "run", "hi", "--file", "missing.txt")]
    [InlineData(1, "There is no file ", "eval", "perplexity", "--text", "missing.txt")]
    [InlineData(1, "is a folder; name a file.", "eval", "perplexity", "--text", ".")]
    [InlineData(1, "model.safetensors is not UTF-8 text; convert it first.", "eval", "perplexity", "--text", "models/builtin/model.safetensors")]
    [InlineData(1, "--tokens must be at least 1, not -5.", "eval", "perplexity", "--text", "models/builtin/config.json", "--tokens=-5")]
    [InlineData(1, "config.json is a file; name a folder.", "eval", "perplexity", "--text", "models/builtin/config.json", "--out", "models/builtin/config.json")]
    [InlineData(1, "to write x.json into; make it first.", "plan", "--json", "none/x.json")]
    [InlineData(1, "to write x.csv into; make it first.", "bench", "--csv", "none/x.csv")]
    [InlineData(1, "for the measurement's files; name one with --temp.", "plan", "--temp", "none")]
    [InlineData(1, "There is no file ", "plan", "--text", "missing.txt")]
    [InlineData(1, "config.json is read and cannot be written at the same time; name another file.", "plan", "--json", "models/builtin/config.json")]
    [InlineData(1, "config.json is read and cannot be written at the same time; name another file.", "bench", "--json", "models/builtin/config.json")]
    [InlineData(1, "model.safetensors is read and cannot be written at the same time; name another file.", "logits", "--text", "a", "--out", "models/builtin/model.safetensors")]
    [InlineData(1, "to write x.gguf into; make it first.", "convert", "models/builtin", "none/x.gguf")]
    [InlineData(1, "config.json is a file, and models go into a folder", "models", "list", "--store", "models/builtin/config.json")]
    public async Task A_failure_is_one_line_on_stderr(int exitCode, string expected, params string[] arguments)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Empty(result.Output);
        Assert.StartsWith("fathom: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void A_full_disk_is_said_in_words()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("The system has no /dev/full.");
        IOException full = Assert.ThrowsAny<IOException>(() =>
        {
            using var stream = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
            stream.Write("x"u8);
        });
        Assert.Matches(@"^The disk is full \(No space left on device.*\); make room, and run the same command again\.$", ErrorText.OneLine(full));
    }

    [Fact]
    public async Task Debug_shows_the_stack_trace()
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["run", "hi", "--model", "/nowhere", "--debug"]);
        Assert.Contains("   at Fathom", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_command_has_help_with_an_example_and_every_option_says_what_it_is()
    {
        Check(FathomCommandLine.CreateRoot(out _, out _), "fathom");

        static void Check(Command command, string path)
        {
            Assert.Contains("\n\nExample", command.Description!, StringComparison.Ordinal);
            Assert.Matches($@"(\n  |\| ){path}( |\n|$)", command.Description!);
            Assert.All(command.Options.Cast<Symbol>().Concat(command.Arguments), symbol => Assert.False(string.IsNullOrWhiteSpace(symbol.Description), $"{path} {symbol.Name}"));
            foreach (Command inner in command.Subcommands) Check(inner, $"{path} {inner.Name}");
        }
    }

    [Fact]
    public async Task Help_lists_commands_in_a_line_each_and_names_the_kind_of_every_value()
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["models", "--help"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Example:", result.Output, StringComparison.Ordinal);
        string[] list = result.Output.ReplaceLineEndings("\n").Split("Commands:\n")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["list", "show", "verify", "remove", "prune", "import"], list.Select(line => line.Trim().Split(' ')[0]));
        Assert.Contains("--json <FILE> ", (await FathomProcess.RunAsync(["plan", "--help"])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_closed_stderr_changes_the_exit_code_of_nothing()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("The system has no /dev/full.");
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec dotnet exec \"$0\" run hi --model /nowhere 2>/dev/full", Path.Combine(AppContext.BaseDirectory, "fathom.dll")]))!;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, process.ExitCode);
    }

    [Theory]
    [InlineData("flash.json", "284.33 B total, 13.27 B active")]
    [InlineData("pro.json", "1573.00 B total, 48.85 B active")]
    public async Task Inspect_gives_the_published_sizes_from_a_config_alone(string config, string expected)
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["inspect", "--config", Repository.Golden("configs", config)]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(expected, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_describes_the_built_in_model()
    {
        FathomProcess.Result result = await FathomProcess.RunAsync(["inspect"]);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("5: 2 window, 2 CSA, 1 HCA", result.Output, StringComparison.Ordinal);
        Assert.Contains("fits", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_goes_both_ways()
    {
        FathomProcess.Result encoded = await FathomProcess.RunAsync(["tokenize", "Hello world"]);
        Assert.Equal([19923, 2058], Ids(JsonDocument.Parse(encoded.Output).RootElement.GetProperty("ids")));
        FathomProcess.Result decoded = await FathomProcess.RunAsync(["tokenize"], "[19923, 2058]");
        Assert.Equal("Hello world", JsonDocument.Parse(decoded.Output).RootElement.GetProperty("text").GetString());
        FathomProcess.Result several = await FathomProcess.RunAsync(["tokenize", "--literal", "--pieces"], """["<think>", {"text": "日本"}, {"ids": [1]}]""");
        JsonElement list = JsonDocument.Parse(several.Output).RootElement;
        Assert.True(list[0].GetProperty("count").GetInt32() > 1);
        Assert.Equal("日本", string.Concat(list[1].GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString())));
        Assert.Equal("<｜end▁of▁sentence｜>", list[2].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Render_and_parse_do_the_golden_cases()
    {
        using JsonDocument encode = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("chat", "encode.json")));
        foreach (JsonElement entry in encode.RootElement.GetProperty("cases").EnumerateArray().Where(entry => entry.TryGetProperty("prompt", out _) && !entry.GetProperty("encoder").ValueEquals("v41")).Take(6))
        {
            FathomProcess.Result result = await FathomProcess.RunAsync(["render", "--reference"], entry.GetRawText());
            JsonElement rendered = JsonDocument.Parse(result.Output).RootElement;
            Assert.Equal(entry.GetProperty("prompt").GetString(), rendered.GetProperty("prompt").GetString());
            Assert.Equal(entry.GetProperty("prompt_ids").GetString(), string.Join(' ', Ids(rendered.GetProperty("ids"))));
        }

        using JsonDocument parse = JsonDocument.Parse(File.ReadAllBytes(Repository.Golden("chat", "parse.json")));
        foreach (JsonElement entry in parse.RootElement.GetProperty("cases").EnumerateArray().Take(9))
        {
            FathomProcess.Result result = await FathomProcess.RunAsync(["parse", "--strict"], entry.GetRawText());
            JsonElement message = JsonDocument.Parse(result.Output).RootElement.GetProperty("message");
            Assert.Equal(entry.GetProperty("parsed").GetProperty("content").GetString(), message.GetProperty("content").GetString());
            Assert.Equal(entry.GetProperty("parsed").GetProperty("tool_calls").GetArrayLength(), message.GetProperty("tool_calls").GetArrayLength());
        }
    }

    private static IEnumerable<int> Ids(JsonElement array) => array.EnumerateArray().Select(id => id.GetInt32());
}

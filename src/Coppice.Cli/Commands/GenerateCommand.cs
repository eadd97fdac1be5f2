using System.CommandLine;
using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice generate</c>: text from a prompt, as it comes.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var defaults = new GenerationOptions();
        var directory = new Argument<string>("MODEL") { Description = "A model directory or a GGUF file" };
        var prompt = new Option<string>("--prompt") { Description = "The text to continue; with --chat, what is said to the model; for T5, the text to read, with <extra_id_0> and so on for gaps to fill", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        var chat = new Option<bool>("--chat") { Description = "Take the prompt as a message of a conversation, written as the model's chat template says" };
        var system = new Option<string>("--system") { Description = "With --chat: what the system says first", HelpName = "TEXT" };
        var tokens = CommonOptions.Whole("--max-tokens", 1, int.MaxValue, defaults.MaxTokens, "The most tokens to generate");
        var temperature = CommonOptions.Number("--temperature", 0, 1000, defaults.Temperature, "Below 1 the probable becomes more probable; 0 takes the most probable token each time");
        var topK = CommonOptions.Whole("--top-k", 0, int.MaxValue, defaults.TopK, "Draw from this many most probable tokens; 0 means all");
        var topP = CommonOptions.Number("--top-p", 0, 1, defaults.TopP, "Draw from the fewest tokens that together have this probability; 1 means all");
        var minP = CommonOptions.Number("--min-p", 0, 1, defaults.MinP, "Draw from the tokens that are at least this share as probable as the most probable one; 0 means all");
        var repetition = CommonOptions.Number("--repetition-penalty", 0.01, 100, defaults.RepetitionPenalty, "Above 1, tokens that prompt or text have already become less probable");
        var presence = CommonOptions.Number("--presence-penalty", -2, 2, defaults.PresencePenalty, "What the logit of a token loses that the text has already");
        var frequency = CommonOptions.Number("--frequency-penalty", -2, 2, defaults.FrequencyPenalty, "What it loses for each time that the text has it");
        var bias = new Option<string[]>("--logit-bias") { Description = "Add a number from -100 to 100 to the logit of a token", HelpName = "TOKEN=NUMBER", AllowMultipleArgumentsPerToken = true };
        var logProbabilities = new Option<int?>("--log-probabilities") { Description = $"With --json: the probability of every token, and the N most probable ones in its place, at most {GenerationOptions.MostLogProbabilities}", HelpName = "N" };
        var stop = new Option<string[]>("--stop") { Description = "Text that ends the generation and is not printed", HelpName = "TEXT", AllowMultipleArgumentsPerToken = true };
        var seed = CommonOptions.Seed((long)defaults.Seed);
        var constraint = new ConstraintOptions();
        var speculation = new SpeculationOptions();
        var window = new WindowOptions();
        var beams = new BeamSearchOptions();
        var adapter = new AdapterOption();
        var command = new Command("generate", "Continue a text")
        {
            directory, prompt, chat, system, tokens, temperature, topK, topP, minP, repetition, presence, frequency, bias, logProbabilities, stop, seed, CommonOptions.Quantize, CommonOptions.Threads, CommonOptions.Json,
        };
        constraint.AddTo(command);
        speculation.AddTo(command);
        window.AddTo(command);
        beams.AddTo(command);
        adapter.AddTo(command);
        command.SetAction(parse =>
        {
            var path = parse.GetRequiredValue(directory);
            var json = parse.GetValue(CommonOptions.Json);
            if (parse.GetValue(logProbabilities) is not null && !json) throw CoppiceException.Usage("--log-probabilities is for --json: there is no room for numbers in a text");
            if (parse.GetValue(system) is not null && !parse.GetValue(chat)) throw CoppiceException.Usage("--system is for --chat: a text that is continued has no system");
            // What the model's authors say counts where the command line says nothing.
            var authors = GenerationDefaults.Load(path).Apply(defaults);
            var options = authors with
            {
                MaxTokens = parse.Given(tokens) ?? authors.MaxTokens,
                Temperature = parse.Given(temperature) ?? authors.Temperature,
                TopK = parse.Given(topK) ?? authors.TopK,
                TopP = parse.Given(topP) ?? authors.TopP,
                MinP = parse.Given(minP) ?? authors.MinP,
                RepetitionPenalty = parse.Given(repetition) ?? authors.RepetitionPenalty,
                PresencePenalty = parse.GetValue(presence),
                FrequencyPenalty = parse.GetValue(frequency),
                LogitBias = (parse.GetValue(bias) ?? []).Select(ReadBias).DistinctBy(pair => pair.Key).ToDictionary(),
                LogProbabilities = parse.GetValue(logProbabilities),
                Seed = (ulong)parse.GetValue(seed),
                StopStrings = parse.GetValue(stop) ?? [],
                Constraint = constraint.Read(parse),
            };
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            using var opened = InferenceModel.Load(path, backend, CommonOptions.ReadQuantize(parse));
            var (model, tokenizer) = (opened.Model, opened.Tokenizer);
            using var adapters = AdapterOption.Activate(adapter.Read(parse), path, model);
            var kept = window.Read(parse);
            if (model.Configuration.IsEncoderDecoder)
            {
                if (parse.GetValue(chat) || beams.AreGiven(parse) || kept is not null || speculation.IsGiven(parse))
                    throw CoppiceException.Usage($"--chat, --beams, --window and --speculate are for models that continue a text, and a {model.Configuration.ModelType} model doesn't");
                using var writer = new TextToTextGenerator(model, tokenizer);
                Show(writer.Generate(parse.GetRequiredValue(prompt), options, json ? null : Page.Piece), json, null);
                return;
            }

            int[]? conversation = null;
            if (parse.GetValue(chat))
            {
                var template = ModelChat.TemplateOf(path, tokenizer);
                conversation = template.Encode(Messages(parse.GetValue(system), parse.GetRequiredValue(prompt)));
                options = options with { EndTokens = [.. options.EndTokens.Union(template.EndTokens)], StopStrings = [.. options.StopStrings, .. template.StopStrings] };
            }

            if (beams.Read(parse, options) is { } search)
            {
                Search(model, tokenizer, conversation, parse.GetRequiredValue(prompt), search, json);
                return;
            }

            using var drafts = speculation.Open(parse, tokenizer, backend);
            using var generator = new TextGenerator(model, tokenizer, drafts.Speculation, kept);
            Action<string>? show = json ? null : Page.Piece;
            var result = conversation is not null ? Answer(generator, conversation, options, show) : generator.Generate(parse.GetRequiredValue(prompt), options, show);
            Show(result, json, drafts.Speculation);
        });
        return command;
    }

    /// <summary>The result as JSON, or the end of what was written piece by piece.</summary>
    private static void Show(GenerationResult result, bool json, Speculation? speculation)
    {
        if (json) JsonOutput.Write(Describe(result) with { Speculation = Count(speculation) });
        else Page.EndText(result.Text);
    }

    private static List<ChatMessage> Messages(string? system, string prompt) =>
        system is null ? [new ChatMessage("user", prompt)] : [new ChatMessage("system", system), new ChatMessage("user", prompt)];

    /// <summary>The most probable text, and with <c>--json</c> the others that were found.</summary>
    private static void Search(LanguageModel model, Tokenizer tokenizer, int[]? conversation, string prompt, BeamOptions options, bool json)
    {
        using var search = new BeamSearch(model, tokenizer);
        var found = conversation is null
            ? search.Generate(prompt, options)
            : search.Generate(conversation, options).Select(beam => beam with { Result = beam.Result with { Text = beam.Result.Text.TrimStart() } }).ToList();
        var best = found[0].Result;
        if (json)
        {
            JsonOutput.Write(Describe(best) with { Beams = [.. found.Select(beam => new FoundText(beam.Result.Text, beam.Result.Tokens, beam.Result.FinishReason, beam.LogProbability, beam.Score))] });
            return;
        }

        Page.Text(best.Text);
    }

    private static GeneratedText Describe(GenerationResult result) =>
        new(result.Text, result.Tokens.Count, result.Tokens, result.PromptTokens, result.FinishReason, result.LogProbabilities, Speculation: null, Beams: null);

    /// <summary>The assistant's turn after what system and user say.</summary>
    private static GenerationResult Answer(TextGenerator generator, int[] conversation, GenerationOptions options, Action<string>? show)
    {
        // White space between the speaker's name and what is said is no part of it.
        var hasBegun = false;
        var result = generator.Generate(conversation, options, show is null ? null : Show);
        return result with { Text = result.Text.TrimStart() };

        void Show(string piece)
        {
            if (!hasBegun) piece = piece.TrimStart();
            hasBegun |= piece.Length > 0;
            show(piece);
        }
    }

    private static GuessedAhead? Count(Speculation? speculation) => speculation is null ? null : new GuessedAhead(speculation.Passes, speculation.Proposed, speculation.Accepted);

    private static KeyValuePair<int, double> ReadBias(string text)
    {
        var parts = text.Split('=');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var token)
            && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? new KeyValuePair<int, double>(token, number)
            : throw CoppiceException.Usage($"--logit-bias must be TOKEN=NUMBER, such as 13=-100, not '{text}'");
    }

    private sealed record GeneratedText(
        string Text, int Tokens, IReadOnlyList<int> TokenIds, int PromptTokens, FinishReason FinishReason, IReadOnlyList<TokenLogProbabilities> LogProbabilities,
        GuessedAhead? Speculation, IReadOnlyList<FoundText>? Beams);

    private sealed record FoundText(string Text, IReadOnlyList<int> TokenIds, FinishReason FinishReason, double LogProbability, double Score);

    private sealed record GuessedAhead(long Passes, long Proposed, long Accepted);
}

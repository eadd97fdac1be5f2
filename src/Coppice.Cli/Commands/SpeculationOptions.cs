using System.CommandLine;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Cli.Commands;

/// <summary>How a generation guesses ahead.</summary>
internal sealed class SpeculationOptions
{
    private const string Lookup = "prompt-lookup";
    private const string Recycling = "recycling";
    private const string RecyclingTree = "recycling-tree";

    private readonly Option<string> _source = new("--speculate")
    {
        Description = "Guess ahead and verify several tokens in a pass; the text stays the same. Guesses come from the text itself, from what was probable before, or from a smaller model",
        HelpName = $"{Lookup}|{Recycling}|{RecyclingTree}|MODEL",
    };

    private readonly Option<int> _tokens = CommonOptions.Whole(
        "--draft-tokens", 1, Speculation.MostTokens, Speculation.ExactTokens, $"With --speculate: the most tokens that are guessed at a time; beyond {Speculation.ExactTokens}, last bits of the logits differ");

    /// <summary>Gives a command the options.</summary>
    public void AddTo(Command command)
    {
        command.Add(_source);
        command.Add(_tokens);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_source) is null && result.GetResult(_tokens) is { Implicit: false }) result.AddError("--draft-tokens is for --speculate");
        });
    }

    /// <summary>Whether guesses were asked for.</summary>
    public bool IsGiven(ParseResult parse) => parse.GetValue(_source) is not null;

    /// <summary>Makes ready what was asked for.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="tokenizer">The tokenizer of the model that decides.</param>
    /// <param name="backend">What computes.</param>
    public Drafts Open(ParseResult parse, Tokenizer tokenizer, Backend backend)
    {
        var (name, most) = (parse.GetValue(_source), parse.GetValue(_tokens));
        return name switch
        {
            null => new Drafts(null, null),
            Lookup => new Drafts(new Speculation(new PromptLookup(), most), null),
            Recycling or RecyclingTree => new Drafts(new Speculation(new TokenRecycling(trees: name == RecyclingTree), most), null),
            _ when !Directory.Exists(name) && !File.Exists(name) => throw CoppiceException.Usage($"--speculate must be {Lookup}, {Recycling}, {RecyclingTree} or a model, not '{name}'{NearestName.Hint(name, [Lookup, Recycling, RecyclingTree])}"),
            _ => Of(DraftModel.Load(name, tokenizer, backend, CommonOptions.ReadQuantize(parse)), most),
        };
    }

    private static Drafts Of(DraftModel model, int most) => new(new Speculation(model, most), model);

    /// <summary>A way to guess, and the model that it needs.</summary>
    internal sealed record Drafts(Speculation? Speculation, DraftModel? Model) : IDisposable
    {
        public void Dispose() => Model?.Dispose();
    }
}

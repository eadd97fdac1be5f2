using System.CommandLine;
using Coppice.Inference;

namespace Coppice.Cli.Commands;

/// <summary>Whether the most probable text is searched for, and how.</summary>
internal sealed class BeamSearchOptions
{
    // Those that say how tokens are drawn, and those that go ahead or forget where a search goes several ways.
    private static readonly string[] NotWithBeams =
    [
        "--temperature", "--top-k", "--top-p", "--min-p", "--repetition-penalty", "--presence-penalty", "--frequency-penalty", "--logit-bias", "--seed", "--speculate", "--window",
    ];

    private readonly Option<int> _beams = CommonOptions.Whole("--beams", 1, BeamOptions.MostBeams, 1, "Search for the most probable text and keep this many beginnings at a time; nothing is drawn");

    private readonly Option<double> _lengthPenalty = CommonOptions.Number(
        "--length-penalty", -10, 10, 1, "With --beams: texts compare by log-probability / tokens^X; above 0 favours longer texts, below 0 shorter ones");

    /// <summary>Gives a command the options.</summary>
    public void AddTo(Command command)
    {
        // Without the option there is no search: a default in the help would say that there is one.
        _beams.DefaultValueFactory = null;
        command.Add(_beams);
        command.Add(_lengthPenalty);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_beams) is not { Implicit: false })
            {
                if (result.GetResult(_lengthPenalty) is { Implicit: false }) result.AddError("--length-penalty is for --beams");
                return;
            }

            var other = command.Options.FirstOrDefault(option => NotWithBeams.Contains(option.Name) && result.GetResult(option) is { Implicit: false });
            if (other is not null) result.AddError($"{other.Name} is not for --beams: a search draws no tokens, guesses none and forgets none");
        });
    }

    /// <summary>Whether a search was asked for.</summary>
    public bool AreGiven(ParseResult parse) => parse.Given(_beams) is not null;

    /// <summary>What was asked for; null where a text is drawn.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="common">What a search has in common with a text that is drawn.</param>
    public BeamOptions? Read(ParseResult parse, GenerationOptions common) => parse.Given(_beams) is not { } beams ? null : new BeamOptions
    {
        Beams = beams,
        LengthPenalty = parse.GetValue(_lengthPenalty),
        MaxTokens = common.MaxTokens,
        LogProbabilities = common.LogProbabilities,
        EndTokens = common.EndTokens,
        StopStrings = common.StopStrings,
        Constraint = common.Constraint,
    };
}

using System.CommandLine;
using Coppice.Inference;

namespace Coppice.Cli.Commands;

/// <summary>What is kept of a text without end.</summary>
internal sealed class WindowOptions
{
    private readonly Option<int?> _window = new("--window")
    {
        Description = "Keep the first tokens and the last ones, this many together, and forget those between: a text of any length in the same memory",
        HelpName = "N",
    };

    private readonly Option<int> _sinks = CommonOptions.Whole("--sinks", 0, int.MaxValue, AttentionWindow.DefaultSinks, "With --window: how many of the first tokens are kept");

    /// <summary>Gives a command the options.</summary>
    public void AddTo(Command command)
    {
        command.Add(_window);
        command.Add(_sinks);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_window) is null && result.GetResult(_sinks) is { Implicit: false }) result.AddError("--sinks is for --window");
        });
    }

    /// <summary>What was asked for; null where the model's context begins anew when it is full.</summary>
    public AttentionWindow? Read(ParseResult parse) => parse.GetValue(_window) is { } tokens ? new AttentionWindow(tokens, parse.GetValue(_sinks)) : null;
}

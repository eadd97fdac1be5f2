using System.CommandLine;
using Coppice.Adapters;
using Coppice.Adapters.Directories;
using Coppice.Cli.Progress;
using Coppice.Models;

namespace Coppice.Cli.Commands;

/// <summary>An adapter on the model that a command opens.</summary>
internal sealed class AdapterOption
{
    private const string Name = "adapter";

    private readonly Option<string?> _adapter = new("--adapter") { Description = "An adapter's directory: use the model with it", HelpName = "DIR" };

    /// <summary>Gives a command the option.</summary>
    public void AddTo(Command command) => command.Add(_adapter);

    /// <summary>The directory that was given, or null.</summary>
    public string? Read(ParseResult parse) => parse.GetValue(_adapter);

    /// <summary>Puts an adapter on a model.</summary>
    /// <param name="adapter">Its directory; null for none.</param>
    /// <param name="path">What the model was opened from.</param>
    /// <param name="model">The model.</param>
    /// <returns>To be disposed of before the model; null for none.</returns>
    public static AdapterSet? Activate(string? adapter, string path, LanguageModel model)
    {
        if (adapter is null) return null;
        var set = new AdapterSet(model);
        try
        {
            AdapterBase.Load(adapter, path, set, Name);
            set.Activate(Name);
        }
        catch
        {
            set.Dispose();
            throw;
        }

        foreach (var warning in AdapterDirectory.ReadConfiguration(adapter).Warnings) Terminal.WriteLine(warning);
        return set;
    }
}

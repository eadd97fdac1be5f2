using System.CommandLine;
using System.Globalization;
using System.Text;
using Coppice.Cli.Commands;
using Coppice.Cli.Output;
using Coppice.Foundation;

namespace Coppice.Cli;

/// <summary>The <c>coppice</c> command: its verbs, and what becomes of an error.</summary>
internal static class CommandLine
{
    private static readonly InvocationConfiguration Invocation = new()
    {
        EnableDefaultExceptionHandler = false,
        // Commands that save when they are interrupted watch the signals themselves (Interruption): no clock runs against them.
        ProcessTerminationTimeout = null,
    };

    /// <summary>Runs a command line.</summary>
    public static ExitCode Run(string[] args)
    {
        Prepare();
        var parse = Create().Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        var json = args.Contains(CommonOptions.Json.Name);
        try
        {
            return UsageErrors.Find(parse) is { } message ? throw CoppiceException.Usage(message) : (ExitCode)parse.Invoke(Invocation);
        }
        catch (OperationCanceledException)
        {
            return ErrorOutput.Write("Interrupted.", ExitCode.Interrupted, json);
        }
        catch (Exception error)
        {
            var exitCode = (error as CoppiceException)?.ExitCode ?? ExitCode.Failed;
            return ErrorOutput.Write(error, exitCode, json, verbose: parse.GetValue(CommonOptions.Verbose));
        }
    }

    private static RootCommand Create()
    {
        var root = new RootCommand("Raw text to a small language model, kept current, on the machine you have.")
        {
            QuickstartCommand.Create(),
            new Command("corpus", "Text to a curated corpus")
            {
                CorpusBuildCommand.Create(), CorpusStepsCommand.Create(), CorpusInspectCommand.Create(), CorpusDiffCommand.Create(),
                CorpusDedupCommand.Create(), CorpusExtractCommand.Create(), CorpusLanguageCommand.Create(), CorpusCalibrateCommand.Create(), CorpusPlanCommand.Create(), CorpusCompareCommand.Create(),
            },
            new Command("tokenizer", "Train and use tokenizers") { TokenizerTrainCommand.Create(), TokenizerEncodeCommand.Create(), TokenizerDecodeCommand.Create() },
            GetCommand.Create(),
            PlanCommand.Create(),
            PretrainCommand.Create(),
            MergeCommand.Create(),
            new Command("adapter", "Show, merge, combine and refresh adapters")
            {
                AdapterShowCommand.Create(), AdapterMergeCommand.Create(), AdapterUnmergeCommand.Create(), AdapterCombineCommand.Create(), AdapterConvertCommand.Create(),
                AdapterRefreshCommand.Create(), AdapterCompareCommand.Create(),
            },
            UpdateCommand.Create(),
            LineageCommand.Create(),
            AdaptCommand.Create(),
            EvaluateCommand.Create(),
            ProbeCommand.Create(),
            GenerateCommand.Create(),
            ServeCommand.Create(),
            ExportCommand.Create(),
            ImportCommand.Create(),
            EmbedCommand.Create(),
            VerifyCommand.Create(),
            BenchCommand.Create(),
            TechniquesCommand.Create(),
            DoctorCommand.Create(),
        };
        root.Add(CommonOptions.Verbose);
        return root;
    }

    // Numbers are read and written alike in every country, and results are UTF-8 on every console.
    private static void Prepare()
    {
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        CultureInfo.DefaultThreadCurrentUICulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;
        try
        {
            Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        }
        catch (IOException)
        {
            // There is no console whose code page could be set; redirected output is UTF-8 all the same.
        }
    }
}

using System.CommandLine;
using Coppice.Adapters.Directories;
using Coppice.Cli.Output;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice verify</c>: numbers of a model, or of an adapter on its base, against a reference.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("DIR") { Description = $"A model directory, or an adapter's with --base, with reference numbers ({ModelVerifier.ReferenceFile})" };
        var baseModel = new Option<string?>("--base") { Description = "The model directory that the adapter in DIR stands on", HelpName = "MODEL" };
        var command = new Command("verify", "Compare a model's logits, loss and gradients with numbers computed elsewhere")
        {
            directory, baseModel, CommonOptions.Threads, CommonOptions.Json,
        };
        command.SetAction(parse =>
        {
            using var backend = Backends.Create(parse.GetValue(CommonOptions.Threads));
            var verified = parse.GetRequiredValue(directory);
            if (parse.GetValue(baseModel) is { } model) return Report(parse, AdapterVerifier.Verify(verified, model, backend));
            if (AdapterDirectory.Exists(verified)) throw CoppiceException.Usage($"{verified}: is an adapter: name the model that it stands on with --base");
            var result = ModelVerifier.Verify(verified, backend);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(result);
            else Describe(result);
            return (int)(result.Passed ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }

    private static int Report(ParseResult parse, AdapterVerificationResult result)
    {
        if (parse.GetValue(CommonOptions.Json))
        {
            JsonOutput.Write(result);
        }
        else
        {
            Page.Line(result.Passed ? "passed" : "FAILED: the numbers differ from the reference");
            Page.Facts(("logits, largest error", Figures.Number(result.LogitsMaxAbsError)), ("merged, logits, largest error", Figures.Number(result.MergedLogitsMaxAbsError)));
        }

        return (int)(result.Passed ? ExitCode.Done : ExitCode.Failed);
    }

    private static void Describe(VerificationResult result)
    {
        Page.Line(result.Passed ? "passed" : "FAILED: the numbers differ from the reference");
        Page.Facts(
            ("logits, largest error", Figures.Number(result.LogitsMaxAbsError)),
            ("loss, error", Figures.Number(result.LossAbsError)),
            ("gradients, largest relative error", Figures.Number(result.GradientMaxRelativeError)),
            ("in parameter", result.WorstParameter ?? "none: the reference has no gradients"));
    }
}

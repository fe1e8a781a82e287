using MlLifecycle.ErrorAnalysis;
using MlLifecycle.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("erroranalysis").AddErrorAnalysis();
var app = builder.Build();
app.UseServiceDefaults().MapErrorAnalysis();
app.Run();

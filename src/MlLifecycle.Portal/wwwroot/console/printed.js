// MLflow's client prints where a run is in MLflow's own interface, <tracking URI>/#/experiments/0/runs/<id>, and where its experiment is, <tracking URI>/#/experiments/0.
// The path has led here; only the browser knows the rest.
(() => {
  const runs = location.pathname.match(/^\/projects\/[^/]+\/runs(?=\/?$)/);
  const [, experiment, run] = location.hash.match(/^#\/experiments\/(\d+)(?:\/runs\/([0-9a-f]{32}))?(?![0-9a-f])/) ?? [];
  if (runs && experiment) location.replace(run ? `${runs[0]}/${run}` : `${runs[0]}?experiment=${experiment}`);
})();
